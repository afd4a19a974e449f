"""The subjects: the words that name each one, its position, size and colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..drawing.colour import RGB, rgb
from ..drawing.pen import Coat, Pen
from . import beasts, birds, buildings, food, people, pets, plants, swimmers, things, vehicles

# The formatter is off: one field per line would make the table unreadable.
# fmt: off


@dataclass(frozen=True)
class Subject:
    """An object that can be drawn.

    `stand` is the position in the scene; `size` is a share of the frame's short side; `places` are
    the choices of scene if the prompt names no place; `wide` is width divided by height.
    """

    draw: Callable[[Pen, Coat], None]
    words: tuple[str, ...]
    stand: str
    size: float
    places: tuple[str, ...]
    coats: tuple[RGB, ...]
    wide: float = 1.0


def _subject(
    draw: Callable[[Pen, Coat], None],
    words: str,
    stand: str,
    size: float,
    places: str,
    coats: str,
    wide: float = 1.0,
) -> Subject:
    names = tuple(w.replace("-", " ") for w in words.split())
    colours = tuple(rgb(c) for c in coats.split())
    return Subject(draw, names, stand, size, tuple(places.split()), colours, wide)


_LAND = "country forest mountain lake"
_SEA = "sea lake beach"
_FACE = "e07a5f 3d5a80 81b29a 6d597a d1495b 2a9d8f 8d99ae e9c46a"

SUBJECTS: tuple[Subject, ...] = (
    _subject(pets.cat, "cat kitten kitty feline tabby", "ground", 0.5, "country garden room street",
        "e08a43 6f7683 c98d5a 4a4a58 d9c1a0"),
    _subject(pets.dog, "dog puppy hound retriever corgi labrador", "ground", 0.5,
        "country beach garden street", "c98a4f 8a5a3c d9b483 5c5560"),
    _subject(pets.fox, "fox", "ground", 0.5, "forest snowland country mountain",
        "e0652b d9571f e8823a"),
    _subject(pets.rabbit, "rabbit bunny hare", "ground", 0.46, "garden country forest",
        "b9a48c e3d5c3 8f8a94 d8b08c"),
    _subject(pets.bear, "bear grizzly", "ground", 0.54, "forest mountain lake",
        "8a5a3b 6a4632 a87349"),
    _subject(pets.bear, "polar-bear", "ground", 0.54, "snowland", "e8eef5"),
    _subject(pets.panda, "panda", "ground", 0.52, "forest garden", "ffffff"),
    _subject(pets.lion, "lion", "ground", 0.54, "desert country", "e2a94e d99a3c"),
    _subject(pets.tiger, "tiger", "ground", 0.52, "forest country", "ec8a2f e5771e"),
    _subject(pets.koala, "koala", "ground", 0.5, "forest country", "9aa3b0 8a94a6"),
    _subject(pets.mouse, "mouse mice hamster rat", "ground", 0.42, "garden room country",
        "a9a3ad c2a284"),
    _subject(pets.frog, "frog toad", "ground", 0.42, "lake garden forest", "5fae5a 7cb342 3f9b72"),
    _subject(beasts.horse, "horse stallion pony mare", "ground", 0.56, _LAND + " desert",
        "8a5433 5f3f33 c0874f 3f3a44"),
    _subject(beasts.zebra, "zebra", "ground", 0.54, "country desert", "ffffff"),
    _subject(beasts.unicorn, "unicorn", "ground", 0.56, "garden country islands", "ffffff f6e4ff"),
    _subject(beasts.deer, "deer stag reindeer elk moose antelope", "ground", 0.56,
        "forest mountain snowland lake", "b0734a 99623f c48a5c"),
    _subject(beasts.elephant, "elephant mammoth", "ground", 0.56, "country desert",
        "8d97a8 a39a9c 7f8fa6"),
    _subject(beasts.giraffe, "giraffe", "ground", 0.7, "country desert", "f0b95a e8a84c"),
    _subject(beasts.sheep, "sheep lamb", "ground", 0.42, "country mountain", "ffffff"),
    _subject(beasts.cow, "cow bull cattle", "ground", 0.48, "country mountain", "ffffff"),
    _subject(beasts.dinosaur, "dinosaur brontosaurus dino trex t-rex", "ground", 0.58,
        "forest country desert", "5aa469 4f9d9d 8cb25a"),
    _subject(beasts.dragon, "dragon wyvern", "air", 0.5, "mountain islands",
        "c8433d 3f8f6b 6a4fb0 2f7f95"),
    _subject(birds.bird, "bird sparrow robin hummingbird songbird", "perch", 0.44,
        "country garden forest", "3f8fc4 4fa37a d9803b 6d7fc9"),
    _subject(birds.owl, "owl", "perch", 0.5, "forest mountain", "a6764c 8a6a55 7d7f94"),
    _subject(birds.penguin, "penguin", "ground", 0.5, "snowland", "2d3a55"),
    _subject(birds.duck, "duck goose duckling", "water", 0.3, "lake", "d9a441 8a6f4e f2c744"),
    _subject(birds.swan, "swan", "water", 0.36, "lake", "ffffff"),
    _subject(birds.flamingo, "flamingo heron crane", "ground", 0.56, "lake beach", "f58fa3 ff7f93"),
    _subject(birds.parrot, "parrot macaw toucan", "perch", 0.5, "beach forest garden",
        "d7392f 2f8fd0 3fa65a"),
    _subject(birds.eagle, "eagle hawk falcon seagull raven crow", "air", 0.44, "mountain lake sea",
        "6d4a35 5a4a48"),
    _subject(birds.butterfly, "butterfly moth", "air", 0.34, "garden country",
        "f08a2c 4c8fe0 b45fd0 e85d75"),
    _subject(birds.bee, "bee bumblebee wasp", "air", 0.28, "garden country", "f6c23c"),
    _subject(birds.chicken, "chicken hen rooster", "ground", 0.4, "country garden",
        "f3e3c8 d98e4a"),
    _subject(swimmers.fish, "fish goldfish clownfish koi salmon", "below", 0.4, "underwater",
        "f28a2e e8562a f2b632 3f9fd0"),
    _subject(swimmers.whale, "whale orca", "below", 0.56, "underwater sea", "3f6f9f 4a7fb0 5a7f95"),
    _subject(swimmers.dolphin, "dolphin porpoise", "leap", 0.42, "sea underwater", "6f93b5 5f8fb8"),
    _subject(swimmers.shark, "shark", "below", 0.52, "underwater", "6d8599 5a7488"),
    _subject(swimmers.turtle, "turtle tortoise", "below", 0.44, "underwater beach",
        "8a6b3f 6f8a4a"),
    _subject(swimmers.octopus, "octopus squid kraken", "below", 0.5, "underwater",
        "d0527a 8a5fc0 e0703f"),
    _subject(swimmers.jellyfish, "jellyfish medusa", "below", 0.5, "underwater",
        "d77fd0 7fa8f0 f08fa8"),
    _subject(swimmers.crab, "crab lobster", "ground", 0.36, "beach underwater", "e2543b f07a45"),
    _subject(people.woman, "woman girl lady queen princess mother actress mermaid", "portrait",
        0.86,
        "backcloth", _FACE),
    _subject(people.man, "man boy guy king prince father gentleman actor knight samurai",
        "portrait",
            0.86, "backcloth", _FACE),
    _subject(people.child, "child kid baby toddler", "portrait", 0.8, "backcloth", _FACE),
    _subject(people.person, "person portrait face people human model headshot selfie avatar "
        "character musician scientist", "portrait", 0.86, "backcloth", _FACE),
    _subject(people.astronaut, "astronaut cosmonaut spaceman", "ground", 0.52, "moonscape space",
        "e8743b 4a7fd0 e0b23c"),
    _subject(people.robot, "robot android droid cyborg mech", "ground", 0.54, "city street studio",
        "7fb3c8 e0a14a d96c5f 9aa5b8"),
    _subject(people.wizard, "wizard witch mage sorcerer", "ground", 0.56, "mountain forest islands",
        "5b4a9c 3f5a9c 7a3f7f"),
    _subject(people.ballerina, "ballerina dancer ballet", "ground", 0.64, "studio",
        "f2a0b5 b79ce8 8fc7d9"),
    _subject(people.snowman, "snowman", "ground", 0.54, "snowland", "d64545 2f8f6b"),
    _subject(people.ghost, "ghost spirit", "air", 0.4, "forest street", "ffffff"),
    _subject(buildings.house, "house cottage cabin home barn hut farmhouse", "ground", 0.5,
        "country snowland mountain lake", "c8553d 5b6f8f 8a5a44 3f7f78"),
    _subject(buildings.castle, "castle palace fortress", "ground", 0.6,
        "mountain country islands lake", "7f8fb0 b59a8a"),
    _subject(buildings.lighthouse, "lighthouse", "ground", 0.62, "sea beach", "d8433b 2f5f9f"),
    _subject(buildings.windmill, "windmill mill", "ground", 0.58, "country", "b0553f 6a7fa0"),
    _subject(buildings.temple, "temple pagoda shrine", "ground", 0.62,
        "japan mountain forest islands",
        "b5402f"),
    _subject(buildings.tent, "tent camp camping campsite", "ground", 0.36, "mountain lake forest",
        "e0703f 3f9f9f d9a43c"),
    _subject(buildings.tower, "tower eiffel paris", "ground", 0.72, "city", "8a6a55"),
    _subject(buildings.bridge, "bridge", "water", 0.6, "city sea", "d0523b", 1.9),
    _subject(vehicles.car, "car automobile sedan taxi roadster supercar vehicle", "ground", 0.4,
        "street desert city country", "d8433b 2f7fb8 f2b632 3f8f7f e8e2d5"),
    _subject(vehicles.van, "van camper campervan minivan truck", "ground", 0.42,
        "beach desert mountain country", "2f9f9f e07a4a 6a9fd0 d8554b"),
    _subject(vehicles.bus, "bus tram", "ground", 0.44, "street city", "d0392f f2b632"),
    _subject(vehicles.train, "train locomotive railway", "ground", 0.46, "mountain country desert",
        "b83a35 2f6f5f 3f5f9f"),
    _subject(vehicles.bicycle, "bicycle bike cycling", "ground", 0.42, "street country beach",
        "2f9f8f e0603f 3f6fb0"),
    _subject(vehicles.motorcycle, "motorcycle motorbike scooter vespa", "ground", 0.44,
        "street desert country", "c8392f 2f5f8f 3a3a44"),
    _subject(vehicles.boat, "boat sailboat yacht sailing sail canoe kayak", "water", 0.46, _SEA,
        "c8463b 2f6f9f f4efe6 3a7f78"),
    _subject(vehicles.ship, "ship steamer ferry vessel cruise titanic", "water", 0.46, "sea",
        "d8433b e08a3b"),
    _subject(vehicles.balloon, "hot-air-balloon balloon balloons airship zeppelin", "air", 0.44,
        "mountain country desert lake islands", "e0503f f29a38 3f8fc0 8a5fc0"),
    _subject(vehicles.rocket, "rocket spaceship spacecraft shuttle", "air", 0.5, "space moonscape",
        "e0503f f28a38 3f7fd0"),
    _subject(vehicles.plane, "plane airplane aeroplane aircraft jet", "air", 0.4,
        "islands mountain sea", "3f7fc0 d8503f f2a33c"),
    _subject(vehicles.submarine, "submarine", "below", 0.46, "underwater", "f2b632 d8503f"),
    _subject(vehicles.ufo, "ufo saucer alien aliens", "air", 0.4, "country desert forest",
        "9aa8c0 7f95b5"),
    _subject(plants.tree, "tree oak maple", "ground", 0.62, "country", "6aa84f 4f9a5f 8ab04a"),
    _subject(plants.blossom_tree, "cherry-blossom sakura blossom-tree", "ground", 0.64,
        "japan garden lake", "f6a8c4"),
    _subject(plants.fir, "christmas-tree fir-tree", "ground", 0.62, "snowland", "2f7f5a"),
    _subject(plants.palm, "palm palm-tree", "ground", 0.6, "beach", "4fa35a"),
    _subject(plants.cactus, "cactus cacti succulent", "ground", 0.5, "desert", "4f9a5f 5fa87a"),
    _subject(plants.flower, "flower daisy blossom bouquet floral", "ground", 0.56,
        "garden country backcloth", "f4f1ff f29fc0 8f9ff0 f27a5f"),
    _subject(plants.rose, "rose roses peony", "ground", 0.56, "garden backcloth",
        "d0304f e86a8a f29a4a"),
    _subject(plants.sunflower, "sunflower", "ground", 0.6, "country garden", "f2b632"),
    _subject(plants.tulip, "tulip", "ground", 0.5, "garden country", "e0503f f29a38 b05fc0"),
    _subject(plants.mushroom, "mushroom toadstool fungi", "ground", 0.46, "forest",
        "d0392f c8703f 8a5fb0"),
    _subject(plants.apple, "apple", "table", 0.4, "room studio", "d0392f 7fb04a"),
    _subject(plants.orange, "orange-fruit oranges grapefruit citrus", "table", 0.4, "studio room",
        "f2902c"),
    _subject(plants.pumpkin, "pumpkin halloween jack-o-lantern", "ground", 0.36, "country room",
        "ec7f24"),
    _subject(plants.strawberry, "strawberry berry berries raspberry", "table", 0.4, "studio",
        "d8304a"),
    _subject(plants.lemon, "lemon lime", "table", 0.4, "studio", "f7d038"),
    _subject(food.cup, "cup coffee mug espresso latte cappuccino cafe", "table", 0.44,
        "room studio",
        "3f6f8f d8694f 4f8f7f e8ddcb 5b4a7f"),
    _subject(food.teapot, "teapot tea", "table", 0.42, "room studio", "3f8f9f d8694f 6a7fb0"),
    _subject(things.sneaker, "sneaker shoe shoes trainers boot footwear", "table", 0.52, "studio",
        "e0503f 2f7fd0 3fae8f f2a33c"),
    _subject(things.bottle, "perfume bottle cosmetic skincare serum product packaging cologne",
        "table", 0.48, "studio", "e8a37a 7fb5a8 c08fd0 f2b65a"),
    _subject(things.camera, "camera polaroid", "table", 0.44, "studio room",
        "8a5a44 3f6f6f 4a4a58"),
    _subject(things.book, "book reading novel library magic-book", "table", 0.5, "room studio",
        "9c3f4a 3f5f8f 3f7f5f"),
    _subject(things.guitar, "guitar music instrument ukulele", "table", 0.58, "studio",
        "d98a3f c8703a"),
    _subject(things.lamp, "lamp desk-lamp", "table", 0.5, "room studio", "e0a14a 5f8fa8 c8655a"),
    _subject(things.chair, "chair armchair sofa couch furniture", "table", 0.52, "studio",
        "3f7f78 d08a4a 6a5f9f c8556a"),
    _subject(food.cake, "cake birthday cupcake dessert pastry", "table", 0.5, "studio",
        "f2a0b5 8a5a44 f2c86a"),
    _subject(food.icecream, "ice-cream icecream gelato sundae", "table", 0.54, "studio",
        "f29fc0 8fd0b5 c89a7a"),
    _subject(food.burger, "burger hamburger cheeseburger sandwich food", "table", 0.46, "studio",
        "d98a3f"),
    _subject(food.pizza, "pizza", "table", 0.46, "studio", "e0a14a"),
    _subject(things.gift, "gift christmas-present", "table", 0.46, "studio",
        "d0392f 3f8f6f 3f6fb0"),
    _subject(things.crown, "crown tiara", "table", 0.4, "studio", "f2b632"),
    _subject(things.diamond, "diamond gem crystal jewel jewelry", "table", 0.42, "studio",
        "5fb8e8 b58ff0 6fd0b0"),
    _subject(things.heart, "heart love valentine", "table", 0.44, "studio", "e0345a"),
    _subject(things.headphones, "headphones headset", "table", 0.48, "studio",
        "3a3f55 d8503f 3f8fa8"),
    _subject(things.watch, "watch clock wristwatch", "table", 0.46, "studio", "8a5a44"),
    _subject(things.planet, "planet saturn", "orbit", 0.4, "space", "e0a86a c86a8a 5f9fd0"),
    _subject(things.lantern, "lantern lanterns", "air", 0.3, "street japan lake", "e0452f f28a38"),
    _subject(things.cloud, "cloud", "air", 0.34, "country islands", "ffffff"),
)
BY_WORD: dict[str, Subject] = {word: s for s in SUBJECTS for word in s.words}
