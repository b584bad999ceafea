-- Stores items of a note, each in a field of its own, and keeps the lease alive.
-- ARGV: prefix, time, lease ms, delivery id, connector, token, most bytes, then fields and values.
-- Returns the size of all notes in bytes (above the limit nothing is stored), or 0 when the lease is lost.
--!include time
--!include hold
local lease, id, connector, token = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local key = p .. 'delivery:' .. id
local leased, hold = is_leased(p, id, connector, token, now)
if not leased then return 0 end
local size = tonumber(redis.call('HGET', key, 'noted') or 0)
for i = 8, #ARGV, 2 do
  local name = redis.call('HEXISTS', key, ARGV[i]) == 0 and #ARGV[i] or 0
  size = size + name + #ARGV[i + 1] - redis.call('HSTRLEN', key, ARGV[i])
end
if size > tonumber(ARGV[7]) then return size end
redis.call('HSET', key, 'until', now + lease, 'noted', size)
for i = 8, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
redis.call('ZADD', p .. 'due', now + lease, id)
redis.call('SET', hold, id, 'PX', lease)
return size
