"""Update rules: which weight gets which pulse, from what a chip could know."""
