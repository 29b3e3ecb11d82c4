"""Claims, repairs, appraisals, settlements, cheques and all partner updates."""
