#! /bin/sh -x 
echo
