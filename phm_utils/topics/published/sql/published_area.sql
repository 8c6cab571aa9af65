-- One row per small area (LSOA 2021) of the ICB. IoD 2025 joins LSOAs of 2021, and only those.
SELECT
    geography.lsoa,
    geography.lsoa_name,
    geography.district,
    iod.imd_rank::INTEGER AS imd_rank,
    iod.imd_decile::INTEGER AS imd_decile,
    iod.imd_decile <= 2 AS core20
FROM raw_geography AS geography
LEFT JOIN raw_iod2025 AS iod USING (lsoa)
