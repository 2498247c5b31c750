"""The catalogue of finding codes: each code is stable, and each has one sentence."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias


class Code(StrEnum):
    """What a finding is about. The value is what files and reports hold; `summary` describes the code."""

    summary: str

    def __new__(cls, value: str, summary: str) -> Code:
        """Return the member with `value`, described by the sentence `summary`."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.summary = summary
        return member

    ACCOUNT_WITHOUT_RULE = (
        "account_without_rule",
        "An account with a balance has no row in the account crosswalk.",
    )
    ALIAS = ("alias", "A YAML alias contains itself.")
    ALLOCATION_NOT_ZERO = ("allocation_not_zero", "The two sides of an allocation do not sum to zero.")
    ALLOWS_NOTHING = ("allows_nothing", "A comment allows a finding that is not there, or gives no reason.")
    AMBIGUOUS = ("ambiguous", "Several entities in Sage match a record.")
    AMBIGUOUS_COLUMN = (
        "ambiguous_column",
        "The cells of a column that is not declared can be read in several ways.",
    )
    AMBIGUOUS_FORM = ("ambiguous_form", "How a file is written cannot be told from its content alone.")
    AMBIGUOUS_DATE = ("ambiguous_date", "Two formats of a column read a cell as different dates.")
    AS_AT_TOO_EARLY = ("as_at_too_early", "The reconciliation date lies before the cut-over.")
    BAD_CONDITION = ("bad_condition", "A condition for rows in sources.yaml tests nothing.")
    BAD_FORMAT = ("bad_format", "A date format in sources.yaml does not give a date or time.")
    BAD_NAME = ("bad_name", "A name has characters other than lower-case letters, digits and underscores.")
    BEFORE_START = ("before_start", "A document is dated before the first day of the books in Sage.")
    BLOCKED = ("blocked", "A step waits for another record that is not in Sage.")
    CELLS_PASSED_OVER = ("cells_passed_over", "A sheet has cells beside its table, which are not read.")
    CENSUS = ("census", "What Sage holds is read before the first write.")
    CENTURY_MISSING = (
        "century_missing",
        "A date format has years of two digits, and no century is declared.",
    )
    CHANGED_AFTER_WRITE = (
        "changed_after_write",
        "A written record has changed in the source, and Sage does not let its kind be updated.",
    )
    CHANGED_ON_READING = ("changed_on_reading", "Values were changed on reading, as sources.yaml declares.")
    CHANGED_SINCE_SNAPSHOT = (
        "changed_since_snapshot",
        "A source file has changed since the snapshot was taken.",
    )
    CHECK_FAILED = ("check_failed", "A record fails a check of its mapping.")
    COLUMN_NEVER_THERE = (
        "column_never_there",
        "No record of a JSON file has the key that a column is read from.",
    )
    COLUMN_TWICE = ("column_twice", "A file or the SQL of a dataset has two columns of the same name.")
    CONSTANT_NOT_ALLOWED = (
        "constant_not_allowed",
        "A constant is not among the values that the field accepts.",
    )
    CONSTANT_TOO_LONG = ("constant_too_long", "A constant is longer than the field accepts.")
    CONTROL_CHARACTER = ("control_character", "A cell holds a control character or a mark of direction.")
    COUNT_DIFFERS = ("count_differs", "A JSON file states another number of records than it contains.")
    CROSSWALK_BLANK = ("crosswalk_blank", "A cell of a crosswalk that needs a value is blank.")
    CROSSWALK_DATES = ("crosswalk_dates", "A crosswalk row ends before it begins.")
    CROSSWALK_HEADER = (
        "crosswalk_header",
        "The heading of a crosswalk is missing a column, or names one that it cannot have.",
    )
    CROSSWALK_NEEDS_DATE = (
        "crosswalk_needs_date",
        "A crosswalk with effective dates is used without a date.",
    )
    CROSSWALK_NEEDS_KEY = (
        "crosswalk_needs_key",
        "A crosswalk with further key columns is used without them.",
    )
    CROSSWALK_OVERLAP = (
        "crosswalk_overlap",
        "Two rows of a crosswalk apply to the same code at the same time.",
    )
    CROSSWALK_ROW = ("crosswalk_row", "A row of a crosswalk is not of the form its heading asks for.")
    DATASET_CIRCLE = ("dataset_circle", "Datasets refer to each other in a circle.")
    DATE_IN_TEXT = ("date_in_text", "A text column of a workbook holds a date or a time.")
    DAY_CHANGES = ("day_changes", "A time lies on another day in UTC than in its own time zone.")
    DECISION_LAPSED = (
        "decision_lapsed",
        "A decision has no effect: its figures have changed, its day is over, or it cannot be carried out.",
    )
    DIFFERS = ("differs", "An entity in Sage matches a record and has other content.")
    DIVISION_BY_ZERO = ("division_by_zero", "An expression divides by zero.")
    DATABASE_ERROR = ("database_error", "A source database cannot be read, or refuses a query.")
    DUPLICATE_FIELD = ("duplicate_field", "A catalog file declares a field twice.")
    DUPLICATE_KEY = ("duplicate_key", "A key occurs twice in one YAML mapping.")
    DUPLICATE_MAPPING = ("duplicate_mapping", "Two mapping files have the same name.")
    DUPLICATE_TEST = ("duplicate_test", "Two tests of a file have the same name.")
    DUPLICATE_RULE = ("duplicate_rule", "Two rules of a mapping have the same name.")
    EMPTY_FILE = ("empty_file", "A file is empty.")
    EMPTY_SOURCE = ("empty_source", "A source file has no rows.")
    EXISTS = ("exists", "An entity in Sage matches a record, and the mapping does not allow that.")
    EXPRESSION_SYNTAX = ("expression_syntax", "The text of an expression cannot be parsed.")
    FIELD_NOT_AVAILABLE = (
        "field_not_available",
        "A field is not available in the country or edition of the business.",
    )
    FIELD_NOT_SENT = ("field_not_sent", "A field is read-only in Sage.")
    FIGURE_NOT_ZERO = ("figure_not_zero", "A control total that must be zero is not.")
    FIGURE_ZERO = ("figure_zero", "A control total that must be zero is zero.")
    FIGURES_AGREE = ("figures_agree", "The figures of a control total agree.")
    FIGURES_DIFFER = ("figures_differ", "The figures of a control total differ.")
    FILE_CHANGED = ("file_changed", "A source file changed while it was read.")
    FILE_TOO_LARGE = ("file_too_large", "A file, or a folder, is larger than its limit.")
    FORMATS_COUNTED = ("formats_counted", "How many cells each format of a column has read.")
    FORMULA_FAILED = ("formula_failed", "A workbook cell holds the error value of a formula.")
    FORMULA_NOT_CALCULATED = ("formula_not_calculated", "A workbook cell holds a formula without a value.")
    GONE_FROM_SOURCE = (
        "gone_from_source",
        "Records that an earlier run recorded are no longer in the source.",
    )
    HALF_CHARACTER = ("half_character", "A cell contains an unpaired surrogate.")
    HEADER_NOT_FOUND = ("header_not_found", "No row has the titles by which the header row is to be found.")
    HEADER_REPEATED = ("header_repeated", "A row repeats the header row.")
    IDENTITY_NOT_MAPPED = ("identity_not_mapped", "A field of the identity is not among the mapped fields.")
    IGNORED_AND_USED = ("ignored_and_used", "A column is both ignored and used.")
    INVALID_NUMBER = (
        "invalid_number",
        "The form or the check digits of a number, such as a VAT number, are wrong.",
    )
    IN_DOUBT = ("in_doubt", "It is not known whether a call was carried out by Sage.")
    INCOMPLETE_STORE = ("incomplete_store", "The store does not know all that was written to Sage.")
    INEXACT_COLUMN = ("inexact_column", "A dataset's column has a binary floating-point type.")
    KEY_NEVER_FOUND = ("key_never_found", "A key is named by which no reading of Sage can find an entity.")
    KEY_NOT_FOR_FORMAT = (
        "key_not_for_format",
        "A key of sources.yaml does not apply to the format of the file.",
    )
    KEY_NOT_FOR_TYPE = ("key_not_for_type", "A key of sources.yaml does not apply to the type of the column.")
    KEY_NOT_TEXT = ("key_not_text", "A key of a YAML mapping is not text.")
    KEY_TWICE = ("key_twice", "A key occurs twice in one JSON object.")
    KIND_NOT_AVAILABLE = (
        "kind_not_available",
        "A kind is not available in the country or edition of the business.",
    )
    KIND_NOT_MADE = ("kind_not_made", "A kind is read-only in Sage.")
    LETTERS_GARBLED = (
        "letters_garbled",
        "A text of a cell was read in another encoding than it was written in.",
    )
    LETTERS_LOST = (
        "letters_lost",
        "Text holds replacement characters: letters were lost before the file was written.",
    )
    LIST_IN_FLAT_FILE = ("list_in_flat_file", "A column of a flat file is declared as a list.")
    LIST_WITHOUT_COLUMNS = ("list_without_columns", "A list in sources.yaml declares no columns.")
    LOCKED_PERIOD = ("locked_period", "A document is dated in a period that is locked in Sage.")
    LOOK_ALIKE_KEYS = ("look_alike_keys", "Keys of a dataset differ only in what is hardly seen.")
    MERGED_CELL = ("merged_cell", "A cell of a workbook is merged with another one.")
    MERGED_INTO_NOTHING = (
        "merged_into_nothing",
        "A record is merged into one that will not be in Sage, so that nothing of it would be.",
    )
    MERGED_INTO_ANOTHER_KIND = (
        "merged_into_another_kind",
        "A rule merges records into those of a mapping that makes another kind.",
    )
    MISSING_COLUMN = ("missing_column", "A file or the SQL of a dataset lacks a column that is needed.")
    MISSING_FIELD = ("missing_field", "A mapping does not fill a field that Sage requires.")
    MISSING_KEY = ("missing_key", "A required key is missing.")
    MISSING_OPTION = ("missing_option", "A transform is used without an option that it requires.")
    MISSING_VALUE = ("missing_value", "A required cell is empty.")
    MIXED_TYPES = ("mixed_types", "The branches of a value have different types.")
    MORE_FINDINGS = ("more_findings", "A YAML file has more findings than are listed.")
    NAME_TAKEN = ("name_taken", "A `let` has the name of a column or of another `let`.")
    NO_CHOICE = ("no_choice", "No branch of `choose` applies to a record.")
    NO_FILE = ("no_file", "A source file does not exist.")
    NO_FOLDER = ("no_folder", "The data folder does not exist.")
    NO_IDENTITY = ("no_identity", "A field by which a record is identified is blank.")
    NO_ITEM = ("no_item", "No item of a list meets the condition, and one is required.")
    NO_OTHERWISE = ("no_otherwise", "A `choose` has no `otherwise` branch.")
    NO_PART = ("no_part", "A record that its mapping splits has no part that applies.")
    NO_REFERENCE = ("no_reference", "A reference is blank, and the mapping does not allow that.")
    NO_ROWS_MATCH = ("no_rows_match", "No row matches a condition of sources.yaml.")
    NO_SHEET = ("no_sheet", "A workbook has no sheet of the declared name.")
    NO_SOURCE = ("no_source", "A field of a mapping has no source.")
    NO_SUCH_COLUMN = ("no_such_column", "The SQL of a dataset does not return a key column.")
    NO_SUCH_DATASET = ("no_such_dataset", "A dataset is not declared in sources.yaml.")
    NO_SUCH_FILE = ("no_such_file", "No file matches a pattern of sagerecon.yaml.")
    NO_TARGET = ("no_target", "A reference names neither a mapping nor a kind.")
    NOTATION_TOLD = (
        "notation_told",
        "How a column that is not declared writes its cells, as it would be read.",
    )
    NOT_A_DATE = ("not_a_date", "Text is not a date.")
    NOT_A_LIST = ("not_a_list", "A value is not a list, and a list is required.")
    NOT_A_MAPPING = ("not_a_mapping", "A YAML file does not hold a mapping of keys to values.")
    NOT_A_NUMBER = ("not_a_number", "The result of a calculation is not a number.")
    NOT_A_PATTERN = ("not_a_pattern", "A text is no pattern of file names.")
    NOT_A_RECORD = ("not_a_record", "An item of a JSON list is not an object.")
    NOT_A_WORKBOOK = ("not_a_workbook", "A file is not a valid XLSX workbook.")
    NOT_ALLOWED = ("not_allowed", "A value is not among those allowed.")
    NOT_AN_ADDRESS = (
        "not_an_address",
        "A text is not the address of a store, a host, or the full path of a folder.",
    )
    NOT_AN_OBJECT = ("not_an_object", "A path leads through a value that is not an object.")
    NOT_AVAILABLE = (
        "not_available",
        "A draft uses what the edition or country of the business does not have.",
    )
    NOT_BOOLEAN = ("not_boolean", "A cell is neither true nor false.")
    NOT_COMPARABLE = ("not_comparable", "An expression compares values of different types.")
    NOT_CSV = ("not_csv", "A file is not well-formed CSV.")
    NOT_DATE = ("not_date", "A cell is not a date of the declared format.")
    NOT_DATETIME = ("not_datetime", "A cell is not a date and time of the declared format.")
    NOT_DECIMAL = ("not_decimal", "A cell is not a number of the declared format.")
    NOT_IIF = ("not_iif", "A file is not well-formed IIF.")
    NOT_IN_CROSSWALK = ("not_in_crosswalk", "A crosswalk has no row for a source code.")
    NOT_IN_ENCODING = ("not_in_encoding", "A file has bytes that its declared encoding does not allow.")
    NOT_IN_ENUM = ("not_in_enum", "An enum has no entry for a source value.")
    NOT_IN_LANGUAGE = (
        "not_in_language",
        "An expression uses syntax that the expression language does not have.",
    )
    NOT_INTEGER = ("not_integer", "A cell is not a whole number.")
    NOT_JSON = ("not_json", "A file is not JSON.")
    NOT_ONE_SELECT = ("not_one_select", "The SQL of a dataset is not a single SELECT.")
    NOT_OPENAPI = ("not_openapi", "A file is not an OpenAPI document.")
    NOT_SIE = ("not_sie", "A file is not well-formed SIE.")
    NOT_TEXT = ("not_text", "A cell is not text.")
    NOT_VALID = ("not_valid", "A value breaks a rule of the file's schema.")
    NOT_MATCHED = ("not_matched", "A value does not have the form that the mapping asks for.")
    NOT_WHOLE = ("not_whole", "A number has decimals, and the field takes whole numbers.")
    NOT_XML = ("not_xml", "A file is not well-formed XML, or has a document type declaration.")
    NOT_YAML = ("not_yaml", "A file is not YAML.")
    NUMBER_FORMAT = ("number_format", "A sheet shows a number of a text column by a format that is not read.")
    OPENING_AFTER_START = (
        "opening_after_start",
        "An opening entry is dated on or after the start of the books.",
    )
    OPENING_CONTROL_OPEN = ("opening_control_open", "The opening control account would not end at zero.")
    OUT_OF_RANGE = ("out_of_range", "A number is outside the range that Sage accepts.")
    OUTSIDE_FOLDER = ("outside_folder", "A path leads out of the folder in which it must lie.")
    OVER_ALLOCATED = ("over_allocated", "A payment settles more than its amount.")
    PARKED = ("parked", "A step could not be carried out now and is tried again by the next run.")
    PLUGIN_FAILS = ("plugin_fails", "A transform of an installed plugin raises an error for a record.")
    PLUGIN_NOT_USED = ("plugin_not_used", "An installed plugin cannot be loaded, or has a name that exists.")
    QUARANTINED_BY_RULE = ("quarantined_by_rule", "A named rule of the mapping quarantines the record.")
    QUOTE_NOT_CLOSED = ("quote_not_closed", "A quoted CSV cell is never closed.")
    RAGGED_ROW = ("ragged_row", "A row has more or fewer cells than the header row.")
    RATE_CHANGES = (
        "rate_changes",
        "A mapping uses one tax rate for documents of periods with different percentages.",
    )
    RECORDS_NOT_THERE = ("records_not_there", "A file has no records at the declared path.")
    REFERENCE_MISSING = ("reference_missing", "A draft refers to a record that will not be in Sage.")
    REFERS_TO_WAITING = ("refers_to_waiting", "Records refer to a record that waits for a decision.")
    REJECTED = ("rejected", "Sage rejected the record.")
    RENAMED_IN_SOURCE = (
        "renamed_in_source",
        "Records may have been recorded by an earlier run under another key.",
    )
    REQUIRED = ("required", "A draft lacks a field that Sage requires.")
    ROWS_PASSED_OVER = (
        "rows_passed_over",
        "Rows of a source file were passed over, as sources.yaml declares.",
    )
    SAME_MARKS = ("same_marks", "The decimal and thousands separators are the same.")
    SCALE_TOO_LARGE = ("scale_too_large", "A column declares more decimals than can be kept.")
    SQL_FAULT = ("sql_fault", "The SQL of a dataset has an error.")
    SQL_LIMIT = ("sql_limit", "An SQL query is longer or slower, or returns or needs more, than its limit.")
    STATED_DELIMITER = ("stated_delimiter", "A CSV file states another delimiter than declared.")
    STRANGE_COLUMN = ("strange_column", "The SQL of a dataset returns a column of an unsupported type.")
    TAB = ("tab", "A YAML file is indented by a tab.")
    TAG = ("tag", "A YAML file uses a tag.")
    TAX_NOT_REGISTERED = (
        "tax_not_registered",
        "A draft bears tax, and the business is not registered for tax.",
    )
    TEXT_NOT_BOOLEAN = ("text_not_boolean", "Text is given where true or false is needed.")
    TEST_FAILED = ("test_failed", "The outcome of a test is not the expected one.")
    SAME_SHORT_REFERENCE = (
        "same_short_reference",
        "Two references of the source become the same one when they are shortened.",
    )
    SAMPLE_DIFFERS = (
        "sample_differs",
        "The mappings give other outcomes of a sample than those that were kept.",
    )
    TOO_DEEP = ("too_deep", "A YAML file is nested too deeply.")
    TOO_FINE = ("too_fine", "A number has more decimals than can be kept.")
    TOO_LARGE = ("too_large", "A number has more digits than can be kept.")
    TOO_LONG = ("too_long", "Text is longer than allowed.")
    TOO_MANY_DIGITS = ("too_many_digits", "The result of a calculation has more than 38 digits.")
    TOO_MANY_ITEMS = ("too_many_items", "More items of a list meet the condition than allowed.")
    TOO_MANY_LETS = ("too_many_lets", "A mapping has more `let` values than allowed.")
    TOTAL_ROW = ("total_row", "The last row of a table seems to be a total of the others.")
    TRUNCATED = ("truncated", "A file is truncated.")
    TWO_SOURCES = ("two_sources", "A field of a mapping has more than one source.")
    UNBALANCED = ("unbalanced", "The debits and credits of a journal differ.")
    UNCERTAIN_IN_SAGE = ("uncertain_in_sage", "Sage may hold a record already that the store does not know.")
    UNCERTAIN_NUMBER = ("uncertain_number", "A workbook number has too many digits to be exact.")
    SAGE_MUST_HOLD = ("sage_must_hold", "Records refer to an entity that Sage does not hold exactly once.")
    UNDECIDED = ("undecided", "Source and Sage differ, and it is not decided which of them counts.")
    UNKNOWN_ATTRIBUTE = (
        "unknown_attribute",
        "A path or expression names a part that the value does not have.",
    )
    UNKNOWN_BLOCK = ("unknown_block", "A mapping includes a block that the project does not have.")
    UNKNOWN_COLUMN = ("unknown_column", "A mapping names a column that the dataset does not have.")
    UNKNOWN_CROSSWALK = ("unknown_crosswalk", "A mapping or a tie-out names a crosswalk that does not exist.")
    UNKNOWN_DATASET = ("unknown_dataset", "A mapping or a tie-out names a dataset that does not exist.")
    UNKNOWN_ENCODING = ("unknown_encoding", "The declared encoding does not exist.")
    UNKNOWN_FIELD = ("unknown_field", "A field is named that the kind does not have.")
    UNKNOWN_FILTER = ("unknown_filter", "A catalog file names a filter that api.yaml does not have.")
    UNKNOWN_FORMAT = (
        "unknown_format",
        "The format of a source file is not declared and cannot be derived from its suffix.",
    )
    UNKNOWN_FUNCTION = ("unknown_function", "An expression calls a function that does not exist.")
    UNKNOWN_KEY = ("unknown_key", "A file has a key that is not known.")
    UNKNOWN_KIND = ("unknown_kind", "A kind is named that the catalog does not have.")
    UNKNOWN_MAPPING = ("unknown_mapping", "A reference names a mapping that does not exist.")
    UNKNOWN_NAME = ("unknown_name", "An expression uses a name that is neither a column nor a `let`.")
    UNKNOWN_OPTION = ("unknown_option", "A transform is given an option that it does not have.")
    UNKNOWN_PARAMETER = ("unknown_parameter", "An expression uses a project parameter that does not exist.")
    UNKNOWN_PART = ("unknown_part", "A reference names a part that the answer of its kind does not have.")
    UNKNOWN_RECORDS = ("unknown_records", "The format of a file has no records of the declared name.")
    UNKNOWN_TRANSFORM = ("unknown_transform", "A transform does not exist.")
    UNLIKELY_DATE = ("unlikely_date", "A date lies in a year in which no business has dates.")
    UNMAPPED_SOURCE = ("unmapped_source", "A column is neither mapped nor ignored.")
    UNREADABLE = ("unreadable", "A file or a page of Sage cannot be read.")
    UNTRUSTED_FOLDER = (
        "untrusted_folder",
        "A project names a folder outside its own that its user has not allowed.",
    )
    UNTRUSTED_HOST = ("untrusted_host", "A project names a host that its user has not allowed.")
    UNUSED_LET = ("unused_let", "A `let` is never used.")
    WHICH_SHEET = ("which_sheet", "A workbook has several sheets and sources.yaml names none.")
    WHICH_TABLE = ("which_table", "A file has several tables, and its command shows one of them.")
    WORKBOOK_TOO_LARGE = (
        "workbook_too_large",
        "A workbook passes a limit, such as its rows or its longest cell.",
    )
    WRONG_ARGUMENT = ("wrong_argument", "A function is called with arguments that it does not take.")
    WRONG_CELL = ("wrong_cell", "A cell of a test's record has another type than its column.")
    WRONG_COLUMN = ("wrong_column", "A column in the result of SQL has another type than required.")
    WRONG_FIELD_TYPE = ("wrong_field_type", "A value is of another type than the field.")
    WRONG_FORMAT = ("wrong_format", "A file is of another format than declared.")
    WRONG_INPUT = ("wrong_input", "A transform is given a value of a type that it does not take.")
    WRONG_KEY = ("wrong_key", "A reference's key columns do not match those of the record that it names.")
    WRONG_OPERAND = ("wrong_operand", "An operator is applied to a value of a type that it does not take.")
    WRONG_OPTION = ("wrong_option", "An option of a transform has a value that it does not take.")
    WRONG_REFERENCE = (
        "wrong_reference",
        "A reference is used where it cannot be, or is missing where it is needed.",
    )
    WRONG_RESULT = ("wrong_result", "A part of a mapping gives a value of the wrong type.")
    WRONG_TOLERANCE = ("wrong_tolerance", "A tolerance is not a positive size that the field can have.")
    WRONG_TYPE = ("wrong_type", "A value of a file is of another type than its schema asks for.")


class CheckName(str):
    """The name of a check that a project declares for a dataset; it is the code of that check's findings."""

    __slots__ = ()


FindingCode: TypeAlias = Code | CheckName


def all_codes() -> list[Code]:
    """Return every code, by its value."""
    return [_BY_VALUE[value] for value in sorted(_BY_VALUE)]


def read_code(text: str) -> FindingCode:
    """Return the code whose value is `text`, or the name of a project's own check."""
    return _BY_VALUE.get(text) or CheckName(text)


_BY_VALUE = {code.value: code for code in Code}
