"""Tables of measurements: the three formats, the names and units of columns, and one line for every fault."""

import numpy as np
import pytest
from calls import calls

from dwcore.errors import InputError
from dwcore.storage import column_file
from dwcore.storage.column_file import canonical, read_columns
from dwcore.storage.csv_dialect import parse_csv
from dwcore.storage.measurements import UNITS, Measurements, unit_of

MUMAX = (
    "# t (s)\tmx ()\tmy ()\tmz ()\tB_extz (T)\text_dwpos (m)\n0\t0\t0\t0.5\t0.01\t1e-9\n1e-9\t0\t0\t0.25\t0.02\t2e-9\n"
)
OOMMF = """# ODT 1.0
# Table Start
# Title: a run
## a comment
# Columns: {Oxs_UZeeman:pin:Bz} {Oxs_TimeDriver::Simulation time} \\
# {Oxs_TimeDriver::mz} "Applied Field"
# Units: mT s {} mT
  10 1e-9 0.5 7
  20 2e-9 \\
  0.25 8
# Table End
"""
CSV = "# a comment\n\nq_nm, Bz_mT,ok\n1,10,True\n2.5,20,nan\n"


def table(tmp_path, text, **options):
    path = tmp_path / "data.csv"
    path.write_text(text, newline="")
    return Measurements(path, **options)


def complaint(function, *arguments):
    with pytest.raises(InputError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_csv(tmp_path):
    data = table(tmp_path, CSV)
    np.testing.assert_allclose(data.get("q"), [1e-9, 2.5e-9], rtol=1e-14)
    np.testing.assert_allclose(data.get("Bz"), [10e-3, 20e-3], rtol=1e-14)
    assert not data.has("J")
    np.testing.assert_array_equal(data.get_or("J", 3.0), [3.0, 3.0])


@pytest.mark.parametrize("text", [MUMAX, OOMMF])
def test_simulator_tables(tmp_path, text):
    data = table(tmp_path, text)
    np.testing.assert_allclose(data.get("Bz"), [10e-3, 20e-3], rtol=1e-14)
    np.testing.assert_allclose(data.get("mz"), [0.5, 0.25], rtol=1e-14)
    np.testing.assert_allclose(data.get("t"), [0, 1e-9] if text is MUMAX else [1e-9, 2e-9], rtol=1e-14)
    assert data.has("q") == (text is MUMAX)


@pytest.mark.parametrize(
    ("header", "quantity", "factor"),
    [
        ("q_um", "q", 1e-6),
        ("q (nm)", "q", 1e-9),
        ("J_1e11_A_per_m2", "J", 1e11),
        ("J_A_m2", "J", 1.0),
        ("J_MA_per_cm2", "J", 1e10),
        ("J (A/m^2)", "J", 1.0),
        ("q [nm]", "q", 1e-9),
        ("q [µm]", "q", 1e-6),
        ("v_m_per_s", "v", 1.0),
        ("dE_zJ", "dE", 1e-21),
        ("Bz_Oe", "Bz", 1e-4),
        ("trials", "trials", 1.0),
    ],
)
def test_headers_and_units(tmp_path, header, quantity, factor):
    np.testing.assert_allclose(table(tmp_path, f"{header}\n3\n").get(quantity), [3 * factor], rtol=1e-14)


def test_errors_of_a_quantity(tmp_path):
    data = table(tmp_path, "v_m_per_s,v_error_m_per_s\n10,0.5\n")
    assert data.get("v", error=True)[0] == 0.5
    assert not data.has("q", error=True)
    bad = table(tmp_path, "v_m_per_s,v_error_m_per_s\n10,0\n")
    assert "line 2: v_error_m_per_s must be > 0" in complaint(bad.get, "v", True)


@pytest.mark.parametrize("header", ["Bz", "Bz (A/m)", "Bz [10 mT]", "Bz_kA_per_m", "Bz_min", "bz (mT)"])
def test_a_quantity_without_a_unit_that_is_known_does_not_count_as_missing(tmp_path, header):
    """The fields of a curve v(J, Bz) were taken for 0."""
    data = table(tmp_path, f"J_A_per_m2,{header}\n1,5\n")
    assert f'column "{header}" is no Bz in a unit that is known, such as Bz_T' in complaint(data.get_or, "Bz", 0.0)


def test_an_error_without_a_unit_that_is_known_does_not_count_as_missing(tmp_path):
    data = table(tmp_path, "v (m/s),v_error (%)\n10,5\n")
    assert 'column "v_error (%)" is no v_error in a unit that is known' in complaint(data.has, "v", True)


def test_columns_that_only_begin_like_a_quantity_are_other_ones(tmp_path):
    data = table(tmp_path, "q_S_nm,q left (nm),q_fit_nm,T (K)\n1,2,3,4\n")
    assert not data.has("q")
    assert not data.has("t")
    assert not table(tmp_path, MUMAX).has("J")


def test_columns_that_nobody_reads_are_said(tmp_path, caplog):
    data = table(tmp_path, ",J_A_per_m2,Bx (mT),sample\n0,1,5,a\n")
    data.get("J")
    data.note_unread()
    assert 'not read: "Bx (mT)", "sample"' in caplog.text


@pytest.mark.parametrize(("value", "said"), [("0.01", True), ("0", False)])
def test_a_drive_of_a_simulator_that_nobody_reads_is_said(tmp_path, value, said, caplog):
    data = table(tmp_path, f"# t (s)\tmx ()\tB_extx (T)\n0\t1\t0\n1e-9\t1\t{value}\n")
    data.get("t")
    data.note_unread()
    assert ('not read: "B_extx"' in caplog.text) == said


@pytest.mark.parametrize("header", ["J*1e10 (A/m2)", "J · 1e10 (A/m2)", "J x 1e10 (A/m2)"])
def test_a_factor_of_the_quantity_is_none_of_its_unit(tmp_path, header):
    """It may say that the numbers were multiplied, as the form of a unit, J (1e10 A/m2), cannot."""
    assert not table(tmp_path, f"{header},v_m_per_s\n3,1\n").has("J")


def test_chosen_columns(tmp_path):
    data = table(tmp_path, "centre_um,q_nm\n1,5\n", columns={"q": "centre_um"})
    assert data.get("q")[0] == pytest.approx(1e-6)
    assert table(tmp_path, OOMMF, columns={"Bz": "Applied Field"}).get("Bz")[0] == pytest.approx(7e-3)
    assert 'no column "centr_um"; did you mean "centre_um"?' in complaint(
        table(tmp_path, "centre_um\n1\n", columns={"q": "centr_um"}).get, "q"
    )
    assert "must end in a unit of q, as in q_m, q_nm, q_um" in complaint(
        table(tmp_path, "centre\n1\n", columns={"q": "centre"}).get, "q"
    )
    assert 'unknown quantity "Bx"' in complaint(lambda: table(tmp_path, CSV, columns={"Bx": "q_nm"}))


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("drive (1e11 A/m2)", "1e11 A/m2"),
        ("drive_1e11_A_per_m2", "1e11 A/m2"),
        ("drive [A/m²]", "A/m2"),
        ("drive / A/m^2", "A/m2"),
        ("channel_2_A_m2", "A/m2"),
        ("drive (10^11 A/m2)", None),
        ("drive (x1e9 A/m2)", None),
        ("drive (1e9 A/m2)", "1e9 A/m2"),
        ("drive (3e9 A/m2)", None),
        ("drive (1E11 A/m2)", None),
        ("drive (2 A/m2)", None),
        ("drive_10_A_per_m2", None),
        ("drive_0.1_A_per_m2", None),
        ("drive (kA/m2)", "kA/m2"),
        ("drive (hA/m2)", None),
        ("drive_per_A_per_m2", None),
    ],
)
def test_a_factor_in_front_of_a_unit_belongs_to_it(header, unit):
    """A column of 1e11 A/m2, chosen by its name, was read as one of A/m2."""
    assert unit_of(header, UNITS["current density"]) == unit


def test_a_column_chosen_by_name_has_its_unit_or_is_refused(tmp_path):
    assert table(tmp_path, '"drive (1e11 A/m2)"\n3\n', columns={"J": "drive (1e11 A/m2)"}).get("J") == pytest.approx(
        [3e11]
    )
    bad = table(tmp_path, '"drive (2e9 A/m2)"\n3\n', columns={"J": "drive (2e9 A/m2)"})
    assert 'column "drive (2e9 A/m2)" must end in a unit of J' in complaint(bad.get, "J")


@pytest.mark.parametrize("mark", ["#", "%"])
def test_a_row_that_begins_like_a_comment_is_said(tmp_path, mark, caplog):
    """A device that is called #2 would otherwise be gone without a word."""
    plain = f"{mark} made by hand, twice\nchip,q_nm\n{mark} after a pause\na,1\na,2\n"
    assert table(tmp_path, plain).get("q").size == 2 and not caplog.text
    assert table(tmp_path, f"{plain}{mark}b,3\n{mark}b,4\n").get("q").size == 2
    assert "read with 2 lines that begin with # or % left out, the first is line 6" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no line that names the columns"),
        ("# only\n", "has no line that names the columns"),
        ("q_nm,Bz_mT\n", "has no rows of numbers"),
        ("q_nm,q_nm\n1,2\n", 'has two columns named "q_nm"'),
        ("q_nm,Bz_mT\n1\n", "line 2: has 1 cells, must be 2 as the header"),
        ("q_nm,Bz_mT\n1,2\n1,2,3\n", "line 3: has 3 cells, must be 2 as the header"),
        ("# ODT 1.0\n# Columns: a b\n# Units: m\n1 2\n", "names 2 columns but 1 units"),
        ("# ODT 1.0\n# Columns: a b\n# Units: m s s\n1 2\n", "names 2 columns but 3 units"),
        ("# ODT 1.0\n# Columns: a b\n\n1 \\\n2 \\\n3\n", "line 4: has 3 cells, must be 2 as the header"),
        ("# ODT 1.0\n# Columns: a b\n1 2\n# Columns: a c\n1 2\n", "a second table with other columns"),
        (
            "# ODT 1.0\n# Columns: a\n# Units: s\n1\n# Columns: a\n# Units: ns\n1\n",
            "line 6: a second table with other columns",
        ),
        (
            MUMAX + "# t (s)\tmy ()\tmx ()\tmz ()\tB_extz (T)\text_dwpos (m)\n",
            "line 4: a second table with other columns",
        ),
        ("q_nm\n\0\n", "not a text file"),
    ],
)
def test_bad_tables(tmp_path, text, said):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    message = complaint(read_columns, path)
    assert str(path) in message
    assert said in message


def test_names_and_units_of_mumax_may_hold_anything(tmp_path):
    """A column of one's own has the name and unit that its script gave it: blanks, parentheses, a question mark."""
    text = MUMAX.replace("mx ()", "my wall (v) (m / s)").replace("my ()", "charge (?)").replace("t (s)", "t (ns)")
    data = table(tmp_path, "\ufeff" + text.replace("\n", "\r\n"))
    assert data.file.names[:4] == ("t", "my wall (v)", "charge", "mz")
    assert data.file.units[:4] == ("ns", "m / s", "?", "")
    np.testing.assert_allclose(data.get("t"), [0, 1e-18], rtol=1e-14)
    np.testing.assert_allclose(data.get("mz"), [0.5, 0.25], rtol=1e-14)
    assert "must end in a unit of v" in complaint(table(tmp_path, text, columns={"v": "charge"}).get, "v")


@pytest.mark.parametrize("text", [MUMAX, OOMMF.removesuffix("# Table End\n")])
def test_a_last_line_that_may_be_cut_off_is_said(tmp_path, text, caplog):
    table(tmp_path, text)
    assert not caplog.text
    table(tmp_path, text.removesuffix("\n"))
    assert "read with its last line, " in caplog.text and "may be cut off" in caplog.text


@pytest.mark.parametrize("text", [MUMAX, OOMMF])
def test_a_table_goes_on_after_a_restart(tmp_path, text):
    np.testing.assert_allclose(table(tmp_path, text + text).get("mz"), [0.5, 0.25, 0.5, 0.25], rtol=1e-14)


@pytest.mark.parametrize(
    "cell", ["", "x", "nan", "inf", "{}", "1_0", "\u0663", "\uff11", "#N/A", "#DIV/0!", "#NAME?", "#NV"]
)
def test_bad_cells(tmp_path, cell):
    assert f'line 3: q_nm = "{cell}" must be a finite number' in complaint(
        table(tmp_path, f"q_nm,a\n1,1\n{cell},1\n").get, "q"
    )


def test_a_cell_of_thousands_of_digits_is_shown_in_short(tmp_path):
    line = complaint(table(tmp_path, f"q_nm,a\n1,1\n{'9' * 5000},1\n").get, "q")
    assert f'line 3: q_nm = "{"9" * 40}" must be a finite number' in line


def test_unreadable_files(tmp_path):
    assert "cannot read" in complaint(read_columns, tmp_path / "none.csv")
    assert "cannot read" in complaint(read_columns, tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x80")
    assert "not a text file" in complaint(read_columns, tmp_path / "binary")
    assert "both hold q" in complaint(table(tmp_path, "q_nm,q_um\n1,2\n").get, "q")
    assert "has no column for v; name it one of v_m_per_s" in complaint(table(tmp_path, CSV).get, "v")


ROWS = ((-40, -2.1), (-20, -8.25), (-10, -15.5), (10, 15.25), (20, 8.0))
PLAIN = "q_nm,Bz_mT\n" + "".join(f"{a},{b}\n" for a, b in ROWS)
WITH_COMMAS = PLAIN.replace(",", ";").replace(".", ",")
DIALECTS = {
    "quoted header": PLAIN.replace("q_nm,Bz_mT", '"q_nm","Bz_mT"'),
    "all quoted": "".join(",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in PLAIN.split()),
    "row names of R": '"","q_nm","Bz_mT"\n' + "".join(f'"{i}",{a},{b}\n' for i, (a, b) in enumerate(ROWS)),
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "decimal commas": WITH_COMMAS,
    "separator named": "sep=;\n" + WITH_COMMAS,
    "empty columns": "".join(line + ",,\n" for line in PLAIN.split()),
    "empty rows": PLAIN + ",\n,\n",
    "row of units": PLAIN.replace("q_nm,Bz_mT", "q,Bz\nnm,mT"),
    "row of units in brackets": PLAIN.replace("q_nm,Bz_mT", "q,Bz\n[nm],[mT]"),
    "brackets": PLAIN.replace("q_nm,Bz_mT", "q [nm],Bz [mT]"),
    "header of NumPy": "# made by hand\n# " + PLAIN,
    "header of NumPy with commas": "# " + WITH_COMMAS,
    "minus signs": PLAIN.replace("-", "\u2212"),
    "minus signs and decimal commas": WITH_COMMAS.replace("-", "\u2212"),
    "percent comments": "% of a program\n" + PLAIN,
    "titles": "Analyzer 4200,\nDate,2026-03-02\n\n" + PLAIN,
    "a title of one cell": "pinning map of sample 7\n" + PLAIN,
    "line breaks in quotes": PLAIN.replace("q_nm,Bz_mT", '"q\n(nm)","Bz\n(mT)"'),
    "a comment with a quote": '# a 5" wafer\n# of 5" more\n' + PLAIN,
    "a title with a version": "Firmware;2.1\n" + WITH_COMMAS,
    "carriage returns": PLAIN.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_dialects_of_csv(tmp_path, name, caplog):
    data = table(tmp_path, DIALECTS[name])
    q, Bz = zip(*ROWS, strict=True)
    np.testing.assert_allclose(data.get("q"), 1e-9 * np.array(q), rtol=1e-14)
    np.testing.assert_allclose(data.get("Bz"), 1e-3 * np.array(Bz), rtol=1e-14)
    said = {"semicolons": "semicolons", "tabs": "tabs", "decimal commas": "decimal signs", "titles": "above the header"}
    assert said.get(name, "") in caplog.text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "data.csv"
    path.write_text(PLAIN.replace("q_nm", "q [µm]"), encoding=encoding)
    np.testing.assert_allclose(Measurements(path).get("q"), 1e-6 * np.array([a for a, _ in ROWS]), rtol=1e-14)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("950,5;1.050\n960,5;1.060\n970,5;1.070\n", 'line 2: "1.050" has a point where commas are decimal signs'),
        ("1\u00a0050,5;1\n1\u00a0060,5;2\n1\u00a0070,5;2\n", "must be a finite number"),
        ("1\u202f050,5;1\n1\u202f060,5;2\n1\u202f070,5;2\n", "must be a finite number"),
        ("1'050.5;1\n1'060.5;2\n", "must be a finite number"),
        ('"1,050.5",1\n"1,060.5",2\n', "must be a finite number"),
        ('"1,050",1\n"1,060",2\n', "must be a finite number"),
    ],
)
def test_numbers_of_other_countries_are_refused_with_their_line(tmp_path, rows, words):
    """Thousands by points, blanks that do not break, apostrophes and commas: never a number a thousand times off."""
    path = tmp_path / "data.csv"
    path.write_text(("q_nm;Bz_mT\n" if ";" in rows else "q_nm,Bz_mT\n") + rows, encoding="utf-8")
    with pytest.raises(InputError, match=words) as error:
        read_columns(path).numbers("q_nm")
    assert "data.csv line 2" in str(error.value) and "\n" not in str(error.value)


def test_a_comma_that_could_be_of_thousands_is_shown_as_it_is_read(tmp_path, caplog):
    assert table(tmp_path, "q_nm\tBz_mT\n1,050\t1\n1,060\t2\n").get("q")[0] == pytest.approx(1.05e-9)
    assert "commas as decimal signs (1,050 is 1.05)" in caplog.text


def test_a_point_that_could_be_of_thousands_is_shown_as_it_is_read(tmp_path, caplog):
    """One number that cannot be thousands, such as 0.060, settles it for all."""
    assert table(tmp_path, "q_nm;Bz_mT\n1.050;1\n2.060;2\n").get("q")[0] == pytest.approx(1.05e-9)
    assert "points as decimal signs (1.050 is 1.05)" in caplog.text
    caplog.clear()
    table(tmp_path, "q_nm;Bz_mT\n1.050;1\n0.060;2\n")
    assert "points" not in caplog.text and "semicolons" in caplog.text


def test_a_quote_that_never_ends_joins_nothing(tmp_path):
    data = table(tmp_path, 'q_nm,Bz_mT,remark\n1,10,5" wafer\n' + "2,20,plain\n" * 12)
    assert data.get("q").tolist() == pytest.approx([1e-9] + 12 * [2e-9])


def test_thousands_separators_are_not_guessed_at(tmp_path):
    said = complaint(table(tmp_path, "q_nm;Bz_mT\n1.234,5;2,5\n2,5;3,5\n3,5;1,5\n").get, "q")
    assert 'line 2: q_nm = "1.234,5" must be a finite number' in said


def test_a_second_column_of_the_same_quantity_is_not_left_out(tmp_path):
    two = OOMMF.replace('"Applied Field"', "{Oxs_UZeeman:bias:Bz}")
    said = complaint(table(tmp_path, two).get, "Bz")
    assert '"Oxs_UZeeman:pin:Bz" and "Oxs_UZeeman:bias:Bz" both hold Bz; choose with --column Bz=NAME' in said
    assert table(tmp_path, two, columns={"Bz": "Oxs_UZeeman:bias:Bz"}).get("Bz")[0] == pytest.approx(7e-3)


def test_the_header_is_shown_where_a_column_is_missing(tmp_path):
    assert 'the header is "a_nm", "b_mT"' in complaint(table(tmp_path, "a_nm,b_mT\n1,2\n").get, "q")


def test_very_many_columns(tmp_path):
    names = ",".join(f"c{i}" for i in range(50_000))
    data = table(tmp_path, f"q_nm,{names}\n" + ",".join("1" for _ in range(50_001)) + "\n")
    assert data.get("q")[0] == pytest.approx(1e-9)


def test_a_table_of_many_columns_is_read_in_linear_time_and_refused_in_a_short_line(tmp_path):
    """Rows and columns exchanged; ten times as many columns take ten times as many calls, not a hundred."""
    work = []
    for columns in (2_000, 20_000):
        path = tmp_path / f"wide{columns}.csv"
        path.write_text(",".join(f"c{i}" for i in range(columns)) + "\n" + ",".join(["1"] * columns) + "\n")
        work.append(calls(lambda path=path: read_columns(path).numbers("c7")))
        table = read_columns(path)
        assert len(table.names) == columns and table.numbers("c7").tolist() == [1.0]
        with pytest.raises(InputError, match=r"wide\d+\.csv") as error:
            table.numbers("q")
        assert len(str(error.value)) < 2000
    assert 5 * work[0] < work[1] < 11 * work[0]


@pytest.mark.parametrize(
    ("text", "names", "column"),
    [
        ("sample,J\na,1\nb,2\n7,3\nc,4\n", ("sample", "J"), [1, 2, 3, 4]),  # a number among labels
        ("run;of;a;long;title\nJ;t\n1,5;2\n2,5;4\n", ("J", "t"), [1.5, 2.5]),  # a title of more cells
        ("a title,of two\nJ,t\nA/m^2,ns\n1,2\n3,4\n", ("J", "t"), [1, 3]),  # a title of as many
    ],
)
def test_the_header_is_the_row_above_the_numbers_and_their_units(tmp_path, text, names, column):
    path = tmp_path / "data.csv"
    path.write_text(text)
    found = read_columns(path)
    assert found.names == names and found.numbers("J").tolist() == column
    assert found.units == (("A/m^2", "ns") if "ns" in text else (None, None))


@pytest.mark.parametrize(
    "text", ["q_nm,note\n1,ok\nn/a,bad\n3,ok\n4,2\n", "q_nm,b,c\n1,2,\nn/a,n/a,n/a\n4,5,6\n5,6,7\n6,7,8\n"]
)
def test_a_row_without_numbers_among_rows_of_numbers_is_no_header(tmp_path, text):
    """Its cell is refused with its line, once it is asked for."""
    found = table(tmp_path, text).file
    assert found.names[0] == "q_nm" and found.lines[0] == 2
    with pytest.raises(InputError, match='line 3: q_nm = "n/a" must be a finite number'):
        found.numbers("q_nm")


@pytest.mark.parametrize("letter", ["\x85", "\u2028", "\x0b", "\x1e"])
def test_only_ends_of_lines_end_a_line(tmp_path, letter):
    """Letters that Python also ends lines at stay in their cell."""
    for text in (f"q_nm,note\n1,a{letter}b\n2,c\n", f"# t (s)\tnote ()\n1\ta{letter}b\n2\tc\n"):
        found = table(tmp_path, text).file
        assert len(found.rows) == 2 and found.rows[0][1] == f"a{letter}b" and found.lines == (2, 3)
    assert table(tmp_path, "q_nm,v\r1,2\r\n3,4\n").file.lines == (2, 3)  # of all systems


@pytest.mark.parametrize("unit", ["°C", "degC", "deg", "rad", "min"])
def test_units_of_columns_that_nobody_asks_for(tmp_path, unit):
    """A row of units is one, whatever else is measured."""
    found = table(tmp_path, f"q,T_sample\nnm,{unit}\n1,20\n2,21\n").file
    assert (found.names, found.units) == (("q", "T_sample"), ("nm", unit)) and len(found.rows) == 2


def test_a_comment_is_a_header_only_where_there_is_none(tmp_path):
    for comment in ("# q_um,v", "# q_um,v\n# 1,2"):
        assert table(tmp_path, f"{comment}\nq_nm,v\n1,2\n").file.names == ("q_nm", "v")
    assert table(tmp_path, "# q_nm,v\n1,2\n3,4\n").file.numbers("v").tolist() == [2, 4]
    for comment in ("# of one", "# 5,6", "# a,b,c"):  # as refused as without it
        assert table(tmp_path, f"{comment}\n1,2\n3,4\n").file.names == ("1", "2")


def test_a_number_too_small_for_a_computer_is_not_zero(tmp_path):
    found = table(tmp_path, "q_nm,v\n1e-400,1\n0e-400,2\n").file
    with pytest.raises(
        InputError, match='line 2: q_nm = "1e-400" is nearer to 0 than any number that a computer holds'
    ):
        found.numbers("q_nm")
    assert table(tmp_path, "q_nm\n0e-400\n-0.0\n5e-324\n").file.numbers("q_nm").tolist() == [0, 0, 5e-324]


def test_a_file_that_is_no_table_of_measurements_by_its_size_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("x_nm\n1\n")
    monkeypatch.setattr(column_file, "LARGEST_BYTES", 7)
    assert read_columns(tmp_path / "a.csv").numbers("x_nm").tolist() == [1.0]
    monkeypatch.setattr(column_file, "LARGEST_BYTES", 6)
    with pytest.raises(InputError, match=r"a\.csv: is larger than 0 MB, not a table of measurements"):
        read_columns(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("text", "names", "rows", "notes"),
    [
        (
            "# a;b\n1,5;2,5\n3,5;4,5\n",
            "ab",
            [("1.5", "2.5"), ("3.5", "4.5")],
            ["semicolons", "commas as decimal signs"],
        ),
        ("# x;y;z\n# a;b\n1,5;2,5\n", "ab", [("1.5", "2.5")], ["semicolons", "commas as decimal signs"]),
        ("# a,b\n1,2\n# c,d\n3,4\n", "ab", [("1", "2"), ("3", "4")], ["1 lines that begin with #"]),
        ("# x,y\na\n1\n2\n", "a", [("1",), ("2",)], []),
        ("sep=;\na;b\n1;2\n", "ab", [("1", "2")], ["semicolons"]),
        ("x,y\na,s\n1,2\n3,4\n", "as", [("1", "2"), ("3", "4")], ["1 lines above the header left out"]),
        ('a, "b"\n1, "2"\n', "ab", [("1", "2")], []),
    ],
)
def test_headers_and_separators_are_told_from_what_stands_about_them(text, names, rows, notes):
    """A header in a comment tells a point from a cell; of comments the last above the rows; no row of units is mixed."""
    found = parse_csv(text)
    assert found.names == tuple(names) and [cells for _, cells in found.rows] == rows and set(found.units) == {None}
    assert len(found.notes) == len(notes) and all(word in note for word, note in zip(notes, found.notes, strict=True))


def test_a_quantity_has_one_spelling():
    """The micro sign, the Greek letter and u are one; powers, brackets and capital letters of ohms do not matter."""
    assert {canonical(f"t ({micro}s)") for micro in ("\u00b5", "\u03bc", "u")} == {"t_us"}
    assert {canonical(text) for text in ("J (A/m^2)", "J [A/m2]", "J_A_per_m2", "J (A/m²)")} == {"J_A_per_m2"}
    assert {canonical(text) for text in ("R (Ohm)", "R (Ω)", "R_ohm")} == {"R_ohm"}
    assert canonical("J (1e11 A/m2)") == "J_1e11_A_per_m2" and canonical("mz ()") == "mz"
