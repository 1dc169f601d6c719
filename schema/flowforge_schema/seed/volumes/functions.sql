-- Functions of this session from which everything random-looking is made: the same number gives the same value for ever.

-- A value in [0, 1) for a number; `salt` tells one use of the number from another.
CREATE FUNCTION pg_temp.chance(number bigint, salt bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(number, salt) & 1048575)::double precision / 1048576;

CREATE FUNCTION pg_temp.moment(moment_us bigint) RETURNS timestamp with time zone
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp(moment_us / 1000000.0::double precision);

-- A UUIDv7 of a moment in microseconds since 1970, laid out as uuidv7() does it: 48 bits of milliseconds, 12 bits of the
-- millisecond's fraction, and a hash where the server takes random bits.
CREATE FUNCTION pg_temp.uuid7(moment_us bigint, number bigint, salt bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN encode(
    int8send(((moment_us / 1000) << 16) | 28672 | ((moment_us % 1000) * 4096 / 1000))
    || int8send((hashint8extended(number, salt) & 4611686018427387903) | (-9223372036854775808)),
    'hex'
)::uuid;

-- When a run was made: number 0 is the newest, and each has an interval of its own in which it falls somewhere. So a
-- volume grows by older runs, and those that are there stay as they are.
CREATE FUNCTION pg_temp.run_moment_us(number bigint, anchor_us bigint, interval_us bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN anchor_us - number * interval_us - (pg_temp.chance(number, 1) * interval_us)::bigint;

CREATE FUNCTION pg_temp.run_id(number bigint, anchor_us bigint, interval_us bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_temp.uuid7(pg_temp.run_moment_us(number, anchor_us, interval_us), number, 501);
