-- The first two arguments of every script that decides by the time: prefix, time in ms since 1970 ('': Redis's own clock).
local p, now = ARGV[1], tonumber(ARGV[2])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
