CREATE OR REPLACE FUNCTION shard_beside(shard text, space text, neighbour text)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
SELECT format('%I.%I', space, neighbour || '_' || other.shardid)
FROM pg_catalog.pg_dist_shard AS own
JOIN pg_catalog.pg_dist_shard AS other
    ON other.logicalrelid = format('%I.%I', space, neighbour)::regclass
    AND (other.shardminvalue IS NULL OR other.shardminvalue = own.shardminvalue)
WHERE own.shardid = substring(shard FROM '[0-9]+$')::bigint
$function$
