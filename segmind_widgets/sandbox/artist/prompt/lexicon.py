"""The words recognized in prompts, besides subjects and colours."""

from __future__ import annotations


def _table(rows: dict[str, str]) -> dict[str, str]:
    return {word.replace("-", " "): key for key, words in rows.items() for word in words.split()}


MOOD_WORDS = _table(
    {
        "sunset": "sunset dusk evening golden-hour twilight sundown",
        "dawn": "dawn sunrise morning daybreak misty",
        "night": "night midnight moonlit moonlight starry nocturnal moon blue-hour stars dark",
        "winter": "winter snow snowy ice icy frozen frost arctic christmas",
        "autumn": "autumn fall autumnal october harvest",
        "spring": "spring blossom april easter",
        "neon": "neon cyberpunk synthwave vaporwave retrowave futuristic futurism",
        "pastel": "pastel soft dreamy kawaii cute gentle delicate",
        "desert": "desert sahara arid dune dunes canyon savanna savannah",
        "forest": "forest jungle woods woodland rainforest bamboo",
        "tropical": "tropical beach paradise caribbean summer hawaii lagoon",
        "ocean": "ocean sea underwater marine nautical coast coastal",
        "storm": "storm stormy rain rainy thunder moody gloomy overcast cloudy foggy",
        "mono": "monochrome noir greyscale grayscale black-and-white b&w",
        "vintage": "vintage retro antique nostalgic sepia 1950s 1970s",
        "space": "space galaxy cosmos cosmic nebula universe interstellar",
        "gold": "luxury luxurious golden gilded opulent elegant",
        "candy": "candy bubblegum playful toy colorful colourful vibrant rainbow",
        "day": "day sunny daylight noon bright clear",
    }
)

PLACE_WORDS = _table(
    {
        "mountain": "mountain mountains alps peak peaks summit himalaya landscape cliff valley "
        "volcano everest",
        "lake": "lake river pond reflection fjord waterfall stream",
        "sea": "sea ocean waves wave coast coastal harbor harbour bay storm-at-sea",
        "beach": "beach shore seaside island tropical lagoon sand coastline",
        "forest": "forest woods jungle woodland rainforest trees pine pines",
        "country": "field fields meadow countryside hill hills farm village prairie pasture "
        "rural grass park savanna",
        "desert": "desert dune dunes sahara canyon mesa arid mars",
        "city": "city skyline skyscraper skyscrapers downtown metropolis urban cityscape "
        "manhattan tokyo cyberpunk",
        "street": "street alley town sidewalk market amsterdam road cafe-street neighbourhood "
        "neighborhood houses",
        "snowland": "snow snowy arctic antarctica tundra glacier iceberg ice winter north-pole "
        "ski northern-lights aurora",
        "space": "space galaxy cosmos nebula universe orbit stars cosmic interstellar",
        "moonscape": "moon lunar crater on-the-moon asteroid",
        "underwater": "underwater reef coral aquarium deep-sea seabed under-the-sea",
        "garden": "garden flowers lavender flowerbed greenhouse orchard",
        "studio": "studio podium pedestal advertisement commercial showcase packshot plinth "
        "still-life",
        "room": "room interior window bedroom kitchen desk indoor indoors office living-room",
        "japan": "japan japanese fuji torii kyoto samurai ukiyo-e ukiyoe zen sakura geisha hokusai",
        "islands": "fantasy mist misty fog foggy dreamscape clouds ethereal heaven",
        "backcloth": "portrait headshot botanical leaves",
    }
)

STYLE_WORDS = _table(
    {
        "watercolour": "watercolour watercolor aquarelle gouache wash",
        "oil": "oil painting impressionist impressionism acrylic monet gogh brushstrokes painterly",
        "ink": "ink line-art lineart linework line-drawing outline manga engraving etching",
        "pencil": "pencil sketch drawing charcoal graphite",
        "pixel": "pixel pixelart 8-bit 8bit 16-bit voxel",
        "poster": "poster screenprint print travel-poster flyer risograph",
        "comic": "comic pop-art popart halftone cartoon",
        "polygon": "low-poly lowpoly polygon geometric faceted origami",
        "film": "film photo photograph photography photorealistic realistic cinematic bokeh 35mm "
        "dslr",
        "glow": "glowing glow bloom hologram holographic",
        "mosaic": "mosaic stained-glass tiles tessellation",
    }
)

WEATHER_WORDS = _table(
    {
        "snow": "snowing snowfall blizzard snowflakes snow",
        "rain": "rain raining rainy storm thunderstorm downpour",
        "fog": "fog foggy mist misty haze hazy",
        "stars": "stars starry milky-way constellation",
        "aurora": "aurora northern-lights borealis",
        "birds": "birds flock",
        "petals": "petals sakura cherry-blossom",
    }
)

ABSTRACT_WORDS = {
    "abstract", "pattern", "geometric", "wallpaper", "background", "texture", "shapes",
    "gradient", "fractal", "waves", "logo", "icon", "bauhaus", "minimalist", "minimal",
    "infographic", "chart", "diagram",
}  # fmt: skip

# These words make the picture abstract even if the prompt names a place ("abstract waves").
PURE_WORDS = {"abstract", "pattern", "geometric", "fractal", "bauhaus", "texture", "gradient"}

COUNT_WORDS = {
    "two": 2, "pair": 2, "couple": 2, "twin": 2, "three": 3, "trio": 3, "four": 4, "five": 5,
    "several": 3, "few": 3, "many": 5, "group": 4, "flock": 5, "school": 5, "pod": 3, "herd": 4,
    "fleet": 4, "2": 2, "3": 3, "4": 4, "5": 5,
}  # fmt: skip

# The places that suit a mood if the prompt names neither a place nor a subject.
MOOD_PLACES: dict[str, tuple[str, ...]] = {
    "day": ("mountain", "country", "lake", "sea"),
    "sunset": ("sea", "mountain", "lake", "country", "desert", "city"),
    "dawn": ("islands", "lake", "mountain", "country"),
    "night": ("mountain", "lake", "city", "sea"),
    "winter": ("snowland", "mountain"),
    "autumn": ("forest", "lake", "street", "country"),
    "spring": ("garden", "country", "japan"),
    "neon": ("city", "street"),
    "pastel": ("islands", "country", "sea"),
    "desert": ("desert",),
    "forest": ("forest",),
    "tropical": ("beach",),
    "ocean": ("sea", "underwater"),
    "storm": ("sea", "mountain", "city"),
    "mono": ("mountain", "city", "lake"),
    "vintage": ("street", "sea", "country"),
    "space": ("space", "moonscape"),
    "gold": ("islands", "desert", "lake"),
    "candy": ("country", "islands", "sea"),
}

# The moods that suit a place if the prompt names no mood.
PLACE_MOODS: dict[str, tuple[str, ...]] = {
    "mountain": ("day", "sunset", "dawn", "night"),
    "lake": ("dawn", "sunset", "day", "autumn"),
    "sea": ("ocean", "sunset", "day", "dawn"),
    "beach": ("tropical", "sunset", "tropical"),
    "forest": ("forest", "dawn", "autumn", "night"),
    "country": ("day", "spring", "sunset", "autumn"),
    "desert": ("desert", "sunset", "dawn"),
    "city": ("sunset", "night", "dawn", "neon"),
    "street": ("day", "autumn", "night", "vintage", "sunset"),
    "snowland": ("winter", "night", "dawn"),
    "space": ("space",),
    "moonscape": ("space",),
    "underwater": ("ocean", "ocean", "tropical"),
    "garden": ("spring", "day", "sunset"),
    "studio": ("pastel", "day", "candy", "autumn", "ocean"),
    "room": ("day", "pastel", "night", "sunset"),
    "japan": ("dawn", "sunset", "spring", "night"),
    "islands": ("dawn", "pastel", "forest", "sunset"),
    "backcloth": ("pastel", "sunset", "day", "autumn", "forest"),
    "abstract": ("sunset", "pastel", "candy", "ocean", "neon", "autumn", "day", "dawn", "desert"),
}
