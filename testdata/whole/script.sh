#!/bin/sh
echo "script $1"
echo "made=$1!" >>"$RUNBOOK_STEP_OUTPUT"
