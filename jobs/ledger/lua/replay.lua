-- Queues a finished delivery again; one that is waiting for its time starts at once.
-- ARGV: prefix, time, delivery id, connector, hand-over ms. Returns 'queued', 'gone', 'foreign' or 'running'.
--!include time
--!include recovery
local id, connector, hand = ARGV[3], ARGV[4], tonumber(ARGV[5])
local key = p .. 'delivery:' .. id
local d = redis.call('HMGET', key, 'v', 'state', 'entity', 'order')
if not d[1] then return 'gone' end
if d[1] ~= '1' then return 'foreign' end
if d[2] == 'running' then return 'running' end
stop_waiting(p, id)
redis.call('ZREM', p .. 'state:' .. d[2], id)
redis.call('ZADD', p .. 'state:queued', now, id)
redis.call('HSET', key, 'state', 'queued', 'position', 0, 'handed', now, 'updated', now, 'replayed', now, 'forced', 1)
redis.call('HDEL', key, 'next', 'why', 'reason', 'healed')
redis.call('ZADD', p .. 'due', now + hand, id)
redis.call('ZADD', p .. 'line:' .. connector .. ':' .. d[3], d[4], id)
return 'queued'
