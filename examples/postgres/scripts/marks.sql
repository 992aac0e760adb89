select phase from failover_drill where run = :'run' order by phase;
