-- Ends a delivery that must not be sent: it becomes 'skipped'.
-- ARGV: prefix, time, delivery id, connector, why, the only state in which it may be dropped (none: any state). Returns {'skipped', next of
-- its line or ''}, or why not: {'gone' | 'foreign' | 'running' | 'finished' | 'changed'}.
--!include time
--!include recovery
--!include again
--!include finish
local id, connector = ARGV[3], ARGV[4]
local key = p .. 'delivery:' .. id
local d = redis.call('HMGET', key, 'v', 'state', 'entity')
if not d[1] then return {'gone'} end
if d[1] ~= '1' then return {'foreign'} end
if d[2] == 'running' then return {'running'} end
if d[2] == 'done' or d[2] == 'skipped' then return {'finished'} end
if ARGV[6] and d[2] ~= ARGV[6] then return {'changed'} end
stop_waiting(p, id)
redis.call('ZREM', p .. 'state:' .. d[2], id)
redis.call('ZADD', p .. 'state:skipped', now, id)
redis.call('HSET', key, 'state', 'skipped', 'updated', now, 'why', ARGV[5])
redis.call('HDEL', key, 'next', 'reason', 'forced', 'turn', 'lost')
forget_notes(key)
ended(p, key, 'skipped', 1)
return {'skipped', leave_line(p, id, connector, d[3], now)}
