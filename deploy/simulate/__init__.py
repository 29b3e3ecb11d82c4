"""`dossier simulate`: the demo's insurers, garages and appraisers at work, over the same topics as real partners."""
