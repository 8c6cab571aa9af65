-- LSOAs of 2021 whose boundary changed since 2011: split, merged or otherwise changed.
SELECT DISTINCT lookup.lsoa21
FROM raw_lookup AS lookup JOIN raw_geography AS geography ON geography.lsoa = lookup.lsoa21
WHERE lookup.change <> 'U'
