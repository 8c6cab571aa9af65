-- Examples: for each decision the patterns of agreement that most pairs share, strongest first. A
-- pattern is a combination of levels; nobody's values are in it. One that fewer than $least pairs
-- share is not shown. bits_: the middle value among those pairs (they differ where a frequent name
-- counts less). Tie rule: the pattern that sorts first.
SELECT decision, $levels, $bits, quantile_disc(round(match_weight - ($sum), 6), 0.5) AS bits_start, count(*) AS pairs
FROM candidate
WHERE place_in_order = 1 AND NOT probe
GROUP BY decision, $levels
HAVING count(*) >= $least
QUALIFY row_number() OVER (PARTITION BY decision ORDER BY count(*) DESC, $levels) <= $most
ORDER BY decision, pairs DESC, $levels
