-- Reads an index from the highest score down, in steps. Included by other scripts.

-- Whether one member is before another of the same score, in Redis's order: Lua's own comparison of texts may depend
-- on the locale.
local function precedes(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

-- Whether an entry is after the position that was reached: its score (nil: none yet) and its member.
local function is_behind(place, last, score, member)
  return not place or score < place or score == place and precedes(member, last)
end
