from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmind_widgets.errors import CellError
from segmind_widgets.syntax.cells import dump, parse_body, parse_line, split_line

CAT = object()
NAMES = {
    "cat": CAT,
    "items": ["first", "second"],
    "word": "bee",
    "width": 512,
    "nested": {"}": "brace", "a b": {"x": 3}},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.png").write_bytes(b"png")
    (tmp_path / "my dog.png").write_bytes(b"png")
    (tmp_path / "sub").mkdir()
    return tmp_path


def fails(text, names=NAMES):
    with pytest.raises(CellError) as caught:
        parse_body(text, names)
    return caught.value


# --- What is a mapping, and what is a prompt


@pytest.mark.parametrize(
    "text",
    [
        "a red fox",
        "a red fox\n\n  in the snow",
        "A photo: a cat",
        "Main subject: a cat\nseed: 5",
        "- a list\n- of things",
        "5: the number",
        "42",
        "~",
        "{red|blue} cat, (masterpiece:1.2)",
        "{a cat}",
        "https://example.com/a: b",
        '"A cat" on a mat',
        "'tis the season",
        "# a heading\nA cat",
        "costs $5, or ${ five dollars",
        "tab\tand \x00 anything",
        "| not a block",
        "$5",
    ],
)
def test_anything_but_a_mapping_is_the_prompt_as_written(text):
    assert parse_body(f"\n{text}\n\n", NAMES) == {"prompt": text}


@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff", "{}", "{ }\n"])
def test_nothing_is_no_inputs(text):
    assert parse_body(text, NAMES) == {}


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("prompt: a cat\nseed: 7", {"prompt": "a cat", "seed": 7}),
        ("# why\n\nprompt: a cat # because", {"prompt": "a cat"}),
        ("---\nprompt: a cat\n", {"prompt": "a cat"}),
        ("  prompt: a cat\n  seed: 7", {"prompt": "a cat", "seed": 7}),
        ("{prompt: a cat, seed: 7}", {"prompt": "a cat", "seed": 7}),
        ('{"prompt":"a: b","n":[1,2.5,null]}', {"prompt": "a: b", "n": [1, 2.5, None]}),
        ('"my key": 1', {"my key": 1}),
        ("prompt:\n  deep: {a: [b, c]}", {"prompt": {"deep": {"a": ["b", "c"]}}}),
        ("prompt: |\n  one\n  two\nseed: 1", {"prompt": "one\ntwo\n", "seed": 1}),
        ("prompt: >-\n  one\n  two", {"prompt": "one two"}),
        ("prompt: one\r\nseed: 1\r\n", {"prompt": "one", "seed": 1}),
        ("Style: noir", {"Style": "noir"}),
        ("image:", {"image": None}),
    ],
)
def test_a_mapping_is_the_inputs(text, inputs):
    assert parse_body(text, NAMES) == inputs


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ('"a: cat"', "a: cat"),
        ("'it''s: so'\n", "it's: so"),
        ('"two\\nlines"', "two\nlines"),
        ("|\n  prompt: a cat\n   dog", "prompt: a cat\n dog"),
        (">-\n  a\n  cat", "a cat"),
    ],
)
def test_a_body_that_is_one_quoted_or_block_string_is_that_string(text, prompt):
    assert parse_body(text, NAMES) == {"prompt": prompt}


# --- The core schema of YAML 1.2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16:9", "16:9"),
        ("190:20:30", "190:20:30"),
        ("yes", "yes"),
        ("no", "no"),
        ("On", "On"),
        ("off", "off"),
        ("2024-01-01", "2024-01-01"),
        ("007", "007"),
        ("-012", "-012"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("٣", "٣"),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("=", "="),
        ("5", 5),
        ("-1", -1),
        ("+3", 3),
        ("0", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("-2E+2", -200.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'5'", "5"),
        ('"true"', "true"),
        ("''", ""),
    ],
)
def test_scalars_follow_yaml_1_2(text, value):
    for found in (
        parse_body(f"x: {text}", {})["x"],
        parse_body(f"x: [{text}]", {})["x"][0],
        parse_line(f"x={text}", {})["x"],
    ):
        assert found == value
        assert type(found) is type(value)


# --- What is refused, and with what words


@pytest.mark.parametrize(
    ("text", "line", "said", "remedy"),
    [
        ("prompt: a cat: dog", 1, "inside a value", "prompt: |"),
        ("prompt: a\n seed: 1", 2, "wrong indentation", "quotes"),
        ("prompt: a cat\non a mat\nseed: 5", 2, "nor indented", "prompt: |"),
        ("seed: 1\nprompt:\n\tdeep: 1", 3, "tab", "spaces"),
        ("\tprompt: a", 1, "tab", "spaces"),
        ("prompt: *star*", 1, "a special character", "quotes"),
        ("a: &x 1\nb: *x", 1, "a special character", "quotes"),
        ("prompt: !!python/object:os.system x", 1, "a special character", "quotes"),
        ("prompt: @home", 1, "a special character", "quotes"),
        ("seed: 1\nprompt: 'a cat", 2, "a quote that is not closed", "Close"),
        ("sizes: [1, 2", 1, "a bracket that is not closed", "Close"),
        ('prompt: "a\\dog"', 1, "double quotes", "single"),
        ("prompt: a\nseed: 1\nprompt: b", 3, "second time", "Remove one of them"),
        ("prompt: a\n5: b", 2, "not text: 5", "Quote it"),
        ("prompt: a\n~: b", 2, "not text: None", "Quote it"),
        ("prompt: a\n[b]: c", 2, "not text", "Quote it"),
        ("prompt: a\n---\nseed: 1", 2, "second YAML document", "---"),
        ("seed: 1\nprompt: a \x07 bell", 2, "'\\x07'", "Remove"),
        ("prompt: a cat #1", 1, "comment", "quotes"),
        ("color: #ff0000", 1, "comment", "quotes"),
        ("x: " + "[" * 99 + "]" * 99, 1, "too deeply", "$name"),
    ],
)
def test_a_mapping_begun_but_not_valid_is_an_error(text, line, said, remedy):
    error = fails(text)
    assert f"Line {line}" in error.message
    assert said in error.message
    assert remedy in error.hint


@pytest.mark.parametrize(
    "text", ["prompt:a cat", "prompt:a cat\nseed:5", "prompt:\xa0a cat", "file:cat.png"]
)
def test_a_name_glued_to_its_value_is_not_sent_as_a_prompt(text):
    error = fails(text)
    assert "no space" in error.message
    assert ("`prompt: …`" if text.startswith("prompt") else "`image: file:cat.png`") in error.hint


def test_glued_names_are_judged_in_linear_time():
    text = "a:b" * 20_000 + "\n and more"
    assert parse_body(text, {}) == {"prompt": text}


def test_an_error_in_a_value_names_its_field():
    assert fails("prompt: a\nimage: $cta").field == "image"
    assert fails("deep: {image: [$cta]}").field == "deep"
    assert fails("seed: 1\nseed: 2").field == "seed"


# --- $name and ${expr}


@pytest.mark.parametrize(
    "text", ["x: $cat", "x: ${cat}", 'x: "$cat"', "x: '${cat}'", "x: ${ cat }", "{x: $cat}"]
)
def test_alone_it_is_the_object_itself(text):
    assert parse_body(text, NAMES)["x"] is CAT


@pytest.mark.parametrize("text", ["$cat", "${cat}", "\n  ${cat}\n", '"$cat"'])
def test_a_whole_body_can_be_an_object(text):
    assert parse_body(text, NAMES)["prompt"] is CAT


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[${items[0]}, $word, ${width}]", ["first", "bee", 512]),
        ("{a: ${items}, b: [$cat]}", {"a": ["first", "second"], "b": [CAT]}),
        ("${nested['}']}", "brace"),
        ('${nested["a b"]["x"]}', 3),
        ("${{'a': [1, {2}]}}", {"a": [1, {2}]}),
        ('${f\'{word}: {nested["a b"]["x"]} # {width}\'}', "bee: 3 # 512"),
        ("${[w + str(width) for w in items]}", ["first512", "second512"]),
        ("${'a' if width > 5 else 'b'}", "a"),
        ("${max(1, 2)}", 2),
        ("${(lambda x: x * 2)(width)}", 1024),
        ("${width} px", "512 px"),
        ("${width}0", "5120"),
        ("a ${word}, a {word}, $word, $5", "a bee, a {word}, $word, $5"),
        ("$${word}", "${word}"),
        ("$$${word}", "$${word}"),
        ("${'$word'}", "$word"),
        ('"${word}: ${width}"', "bee: 512"),
        ("|-\n  a ${word}\n  $word", "a bee\n$word"),
    ],
)
def test_expressions(text, value):
    assert parse_body(f"x: {text}", NAMES) == {"x": value}


def test_expressions_in_a_prompt():
    text = "A ${word}\n{${width}} at $5, $${word}, 100% ${'}'}"
    assert parse_body(text, NAMES) == {"prompt": "A bee\n{512} at $5, ${word}, 100% }"}


def test_expressions_in_comments_are_not_evaluated():
    assert parse_body("# ${boom\nx: 1 # ${1/0}\n# ${}", {}) == {"x": 1}


def test_a_key_may_hold_an_expression():
    assert parse_body("x: 1\n${word}s: 2", NAMES) == {"x": 1, "bees": 2}


def test_text_that_looks_like_the_inner_marks_is_left_alone():
    for text in ('x: "\U000f00000\U000f0000 ${word}"', r'x: "\U000f00000\U000f0000 ${word}"'):
        assert parse_body(text, NAMES) == {"x": "\U000f00000\U000f0000 bee"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$cta", "`$cta` is not defined. Did you mean `cat`?"),
        ("a ${wrod}", "`${wrod}` failed: NameError: name 'wrod' is not defined. Did you mean"),
        ("${1/0}", "`${1/0}` failed: ZeroDivisionError: division by zero."),
        ("${items[7]}", "IndexError"),
        ("${a b}", "`${a b}` is not a Python expression"),
        ("${items[0}", "never closed"),
        ("${import os}", "is not a Python expression"),
        ("a ${} b", "it is empty"),
        ("a ${word", "has no `}`"),
        ("a ${word\n}", "has no `}`"),
        ("${" + "(" * 5000 + "}", "is not a Python expression"),
        ("${'\ud800'}", "is not a Python expression"),
    ],
)
def test_expressions_that_fail_say_which_and_why(text, said):
    for error in (fails(text), fails("x: |-\n  " + text.replace("\n", "\n  "))):
        if "\ud800" not in text or error.field is None:  # YAML refuses that one first
            assert said in error.message
            assert "$$" in error.hint or "${'$cta'}" in error.hint


def test_the_error_of_an_expression_is_kept():
    assert isinstance(fails("${1/0}").__cause__, ZeroDivisionError)


def test_an_expression_cannot_change_the_namespace():
    names = dict(NAMES)
    parse_body("${[y := 1, y]}", names)
    assert names == NAMES


def test_expressions_warn_about_nothing():  # warnings are errors here
    assert parse_body(r"${'\d'} ${1 is 1}", {}) == {"prompt": r"\d True"}


# --- file:


@pytest.mark.parametrize("text", ["file:cat.png", '"file:cat.png"', "file:${'cat'}.png"])
def test_a_file_is_a_path(text):
    assert parse_body(f"x: {text}\ny: [{text}]", {}) == {
        "x": Path("cat.png"),
        "y": [Path("cat.png")],
    }


def test_a_file_may_have_spaces_and_a_home(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert parse_body("x: file:my dog.png\ny: file:~/cat.png", {}) == {
        "x": Path("my dog.png"),
        "y": folder / "cat.png",
    }


@pytest.mark.parametrize("text", ["cat.png", "a file:cat.png", "./cat.png", "${'file:cat.png'}"])
def test_nothing_else_is_a_path(text):
    assert isinstance(parse_body(f"x: {text}", {})["x"], str)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file:cta.png", "The file `cta.png` does not exist (looked in "),
        ("file:sub", "`sub` is a folder"),
        ("file:no/such/cat.png", "does not exist"),
        ("file:~nobody-here/cat.png", "cannot be read: Could not determine home"),
        ("file:" + "x" * 5000, "cannot be read"),
        ("'file:'", "`` is a folder"),
    ],
)
def test_a_missing_file_is_named(text, said):
    error = fails(f"image: {text}")
    assert said in error.message
    assert error.field == "image"


def test_a_missing_file_suggests_its_neighbour():
    assert "Did you mean `cat.png`?" in fails("image: file:cta.png").message


# --- A line


def test_a_line():
    line = (
        'prompt="a red fox" seed=7 image=$cat sizes=[1, 2] deep={a: "b c", d: [e]} say=don\'t '
        "ratio=16:9 more='it''s' e=${items[0] + ' x'} empty= at=@home url=https://x.y/?a=b"
    )
    assert parse_line(line, NAMES) == {
        "prompt": "a red fox",
        "seed": 7,
        "image": CAT,
        "sizes": [1, 2],
        "deep": {"a": "b c", "d": ["e"]},
        "say": "don't",
        "ratio": "16:9",
        "more": "it's",
        "e": "first x",
        "empty": None,
        "at": "@home",
        "url": "https://x.y/?a=b",
    }
    assert parse_line(split_line(line), NAMES) == parse_line(line, NAMES)
    assert parse_line("", NAMES) == {}


def test_quotes_make_strings_and_files_stay_files():
    assert parse_line(
        'a="7" b=\'true\' c="x ${word}" d=file:cat.png e="file:my dog.png"', NAMES
    ) == {
        "a": "7",
        "b": "true",
        "c": "x bee",
        "d": Path("cat.png"),
        "e": Path("my dog.png"),
    }


def test_words_stay_as_written():
    line = '-o  name "my dir" prompt="a \\" b" x=${"a b"} y=${word}\'s'
    assert split_line(line) == [
        "-o",
        "name",
        '"my dir"',
        'prompt="a \\" b"',
        'x=${"a b"}',
        "y=${word}'s",
    ]


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("a red fox", "`a red fox` is not an input", 'prompt="a red fox"'),
        ("seed=7 fox", "`fox` is not an input", 'prompt="fox"'),
        ('"a fox" seed=7', "not an input", 'prompt="a red fox"'),
        ("seed=1 seed=2", "`seed` occurs twice", "Remove one of them"),
        ('prompt="a fox', '`"` is missing', "Close"),
        ("sizes=[1, 2", "`]` is missing", "Close"),
        ('prompt="a"b', "after a closing quote", "Quote the whole"),
        ("image=$cta", "not defined", "cell above"),
    ],
)
def test_a_line_that_cannot_be_read_shows_the_right_form(line, said, hint):
    with pytest.raises(CellError) as caught:
        parse_line(line, NAMES)
    assert said in caught.value.message
    assert hint in caught.value.hint


# --- Back to text


def test_dump_reads_well():
    inputs = {
        "prompt": "a cat,\n  sitting\n\non a mat",
        "ratio": "16:9",
        "flag": "yes",
        "agent": "007",
        "style": "ink, wash",
        "seed": -1,
        "none": None,
        "image": Path("my dog.png"),
        "sizes": [1, "2", {"a b": True}],
        "price": "${5} or $name",
        "name": "$name",
        "literal": "file:cat.png",
    }
    text = dump(inputs)
    assert text == (
        "prompt: |-\n  a cat,\n    sitting\n\n  on a mat\n"
        'ratio: "16:9"\nflag: "yes"\nagent: "007"\nstyle: ink, wash\nseed: -1\nnone: null\n'
        'image: "file:my dog.png"\nsizes: [1, "2", {"a b": true}]\n'
        'price: "$${5} or $name"\nname: "${\'$name\'}"\nliteral: "${\'file:cat.png\'}"\n'
    )
    assert parse_body(text, {}) == inputs
    assert dump({}) == ""


def test_dump_writes_assets_as_their_file_or_url():
    class Kept:
        path = Path("cat.png")
        url = "https://x.y/cat.png"

    class Hosted:
        path = None
        url = "https://x.y/cat.png"

    text = dump({"a": Kept(), "b": [Hosted()], "c": float("inf")})
    assert parse_body(text, {}) == {
        "a": Path("cat.png"),
        "b": ["https://x.y/cat.png"],
        "c": float("inf"),
    }


def test_dump_refuses_what_has_no_text():
    with pytest.raises(CellError, match="`image` cannot be written as text") as caught:
        dump({"image": [CAT]})
    assert caught.value.field == "image"
    assert "image: $variable" in caught.value.hint


TRICKY = "16:9 yes 007 1e3 ~ null $cat ${cat} $${ - | > file:cat.png a:·b #·x a·#b -·a"
BLOCKS = ["", " ", "a\n b\n", "\n", " a\n", "a\n\n", "a\n \nb", "a\n\tb", "a \nb"]
LETTERS = "ab $\\{}[]'\":#|>\n\t\r-\x85\u2028\ud800\U000f0000\ufeff019"
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False)
    | st.text()
    | st.text(LETTERS, max_size=20)
    | st.sampled_from([*BLOCKS, *(text.replace("·", " ") for text in TRICKY.split(" "))])
)
names = st.text(max_size=8) | st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)


@given(st.dictionaries(names, values, max_size=5))
@settings(max_examples=300, deadline=None)
def test_what_is_dumped_reads_back(inputs):
    text = dump(inputs)
    found = parse_body(text, {})
    assert found == inputs
    assert repr(found) == repr(inputs)  # 1 is not 1.0, nor True


PIECES = [*"{}[],'\"|>#&*!%@\\?5~0=(:-a $\n\t\0\x85\xa0\ud800\U000f0000", "${", "$${", "---"]
PIECES += ["prompt", ": ", "\n  ", "- ", "file:", "cat", "word"]


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@settings(max_examples=500, deadline=None)
@pytest.mark.parametrize("parse", [parse_body, parse_line])
def test_any_text_gives_inputs_or_a_cell_error(parse, text):
    try:
        inputs = parse(text, NAMES)
    except CellError as error:
        inputs = {error.message: None}
    assert isinstance(inputs, dict)
    assert all(isinstance(name, str) for name in inputs)
