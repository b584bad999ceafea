-- Stores items of a note, each in a field of its own, and keeps the lease alive.
-- ARGV: prefix, lease ms, delivery id, connector, token, then fields and values. Returns 1, or 0 when the lease is lost.
local p, lease, id, connector, token = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local key = p .. 'delivery:' .. id
local d = redis.call('HMGET', key, 'state', 'token', 'entity')
if d[1] ~= 'running' or d[2] ~= token then return 0 end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', key, 'until', now + lease)
for i = 6, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
redis.call('ZADD', p .. 'due', now + lease, id)
redis.call('SET', p .. 'hold:' .. connector .. ':' .. d[3], id, 'PX', lease)
return 1
