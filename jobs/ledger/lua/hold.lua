-- Who holds a line beside this delivery; nil for nobody. A hold counts for as long as the lease of its delivery.
local function held_by_another(p, hold, id, now)
  local holder = redis.call('GET', hold)
  if not holder or holder == id then return nil end
  local d = redis.call('HMGET', p .. 'delivery:' .. holder, 'state', 'until')
  return d[1] == 'running' and tonumber(d[2] or 0) > now and holder or nil
end
