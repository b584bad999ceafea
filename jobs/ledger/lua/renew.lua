-- Renews leases, and stores a note with the delivery if one is given.
-- ARGV: prefix, time, lease ms, then (delivery id, connector, token, notes as JSON or '') for each. Returns the ids that are lost.
--!include time
--!include hold
local lease = tonumber(ARGV[3])
local lost = {}
for i = 4, #ARGV, 4 do
  local id, connector, token, notes = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local key = p .. 'delivery:' .. id
  local leased, hold = is_leased(p, id, connector, token, now)
  if leased then
    redis.call('HSET', key, 'until', now + lease)
    if notes ~= '' then redis.call('HSET', key, 'notes', notes) end
    redis.call('ZADD', p .. 'due', now + lease, id)
    redis.call('SET', hold, id, 'PX', lease)
  else
    lost[#lost + 1] = id
  end
end
return lost
