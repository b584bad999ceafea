-- Stores items of a note, each in a field of its own, and keeps the lease alive.
-- ARGV: prefix, lease ms, delivery id, connector, token, most bytes, then fields and values.
-- Returns how many bytes are kept so (with more than the most nothing is stored), or 0 when the lease is lost.
local p, lease, id, connector, token = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local key = p .. 'delivery:' .. id
local d = redis.call('HMGET', key, 'state', 'token', 'entity')
if d[1] ~= 'running' or d[2] ~= token then return 0 end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local size = tonumber(redis.call('HGET', key, 'noted') or 0)
for i = 7, #ARGV, 2 do size = size + #ARGV[i] + #ARGV[i + 1] - redis.call('HSTRLEN', key, ARGV[i]) end
if size > tonumber(ARGV[6]) then return size end
redis.call('HSET', key, 'until', now + lease, 'noted', size)
for i = 7, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
redis.call('ZADD', p .. 'due', now + lease, id)
redis.call('SET', p .. 'hold:' .. connector .. ':' .. d[3], id, 'PX', lease)
return size
