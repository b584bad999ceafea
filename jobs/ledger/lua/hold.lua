-- The other delivery that holds the line; nil for none. A hold is valid for as long as the lease of its delivery.
local function held_by_another(p, hold, id, now)
  local holder = redis.call('GET', hold)
  if not holder or holder == id then return nil end
  local d = redis.call('HMGET', p .. 'delivery:' .. holder, 'state', 'until')
  return d[1] == 'running' and tonumber(d[2] or 0) > now and holder or nil
end

-- Whether the attempt with this token may go on. After the end of its lease it may go on until another delivery of its line starts.
-- Returns true or false, and the key of its line's hold.
local function is_leased(p, id, connector, token, now)
  local d = redis.call('HMGET', p .. 'delivery:' .. id, 'state', 'token', 'entity')
  local hold = p .. 'hold:' .. connector .. ':' .. (d[3] or '')
  return d[1] == 'running' and d[2] == token and not held_by_another(p, hold, id, now), hold
end
