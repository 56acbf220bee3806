"""`tf.contrib.learn.datasets` and `.preprocessing`: tables in CSV files, and words as numbers."""

import collections
import csv
import itertools
import pathlib
import pickle
import re

import numpy as np

from graphmode import downloads, tf
from graphmode.old_programs import input_data

Dataset = collections.namedtuple("Dataset", ["data", "target"])
Datasets = input_data.Datasets


def load_csv_with_header(filename, target_dtype, features_dtype, target_column=-1):
    """Reads a table whose first line begins with its numbers of rows and features."""
    with tf.gfile.Open(filename) as file:
        rows = csv.reader(file)
        next(rows)
        return _dataset(rows, target_dtype, features_dtype, target_column)


def load_csv_without_header(filename, target_dtype, features_dtype, target_column=-1):
    """Reads a table."""
    with tf.gfile.Open(filename) as file:
        return _dataset(csv.reader(file), target_dtype, features_dtype, target_column)


def _dataset(rows, target_dtype, features_dtype, target_column):
    data, target = [], []
    for row in rows:
        target.append(row.pop(target_column))
        data.append(np.asarray(row, dtype=features_dtype))
    return Dataset(np.array(data), np.array(target, dtype=target_dtype))


def shrink_csv(filename, ratio):
    """Writes every ratio-th line to a file NAME_small.csv."""
    with (
        tf.gfile.Open(filename) as file,
        tf.gfile.Open(filename.replace(".", "_small."), "w") as small,
    ):
        csv.writer(small).writerows(list(csv.reader(file))[::ratio])


def maybe_download(filename, work_directory, source_url):
    """The path of a file in a folder; it is downloaded if it is missing."""
    return str(downloads.fetch([source_url], pathlib.Path(work_directory, filename)))


def load_iris(data_path=None):
    """Fisher's irises as TensorFlow had them: from a CSV file, or from scikit-learn."""
    if data_path is not None:
        return load_csv_with_header(data_path, int, float)
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError(
            "tf.contrib.learn's load_iris needs scikit-learn for the data: pip install scikit-learn"
        ) from error
    data, target = datasets.load_iris(return_X_y=True)
    data[[34, 37]] = [4.9, 3.1, 1.5, 0.1]  # an old error of the file, which scikit-learn corrected
    return Dataset(data, target)


def load_boston(data_path=None):
    """House prices from a CSV file. The data itself is in no package any more."""
    if data_path is None:
        raise NotImplementedError(
            "no package has the Boston house prices any more: give the CSV file, data_path="
        )
    return load_csv_with_header(data_path, float, float)


def load_mnist(train_dir="MNIST-data"):
    """MNIST, see `read_data_sets`."""
    return input_data.read_data_sets(train_dir)


DATASETS = {"iris": load_iris, "boston": load_boston, "mnist": load_mnist}


def load_dataset(name, size="small", test_with_fake_data=False):
    """A data set by its name: iris, boston or mnist.

    Raises:
        ValueError: there is no data set of this name.
    """
    if name not in DATASETS:
        raise ValueError(f"Name of dataset is not found: {name}")
    return DATASETS[name]()


def _numbers(frame):
    """The values of a pandas table, which must be numbers."""
    wrong = [
        f"'{name}' type='{kind}'" for name, kind in frame.dtypes.items() if kind.kind not in "biuf"
    ]
    if wrong:
        raise ValueError(
            "Data types for extracting pandas data must be int, float, or bool. Found: "
            + ", ".join(wrong)
        )
    return frame.values


def extract_pandas_data(data):
    """The numbers of a pandas table as floats; other data as it is."""
    return _numbers(data).astype(float) if hasattr(data, "columns") else data


def extract_pandas_matrix(data):
    """The values of a pandas table; other data as it is."""
    return data.values if hasattr(data, "columns") else data


def extract_pandas_labels(labels):
    """The only column of a pandas table; other labels as they are."""
    if not hasattr(labels, "columns"):
        return labels
    if len(labels.columns) > 1:
        raise ValueError("Only one column for labels is allowed.")
    return _numbers(labels)[:, 0]


TOKENIZER_RE = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z][a-z]+(?=[A-Z])|[\'\w\-]+", re.UNICODE)


def tokenizer(iterator):
    """The words of each text."""
    for value in iterator:
        yield TOKENIZER_RE.findall(value)


class CategoricalVocabulary:
    """Numbers for words: 0 for those that are unknown, then in the order of their first use."""

    def __init__(self, unknown_token="<UNK>", support_reverse=True):
        self._unknown_token, self._support_reverse = unknown_token, support_reverse
        self._mapping, self._reverse_mapping = {unknown_token: 0}, [unknown_token]
        self._freq, self._freeze = collections.Counter(), False

    def __len__(self):
        return len(self._mapping)

    def freeze(self, freeze=True):
        """From now on, new words are unknown."""
        self._freeze = freeze

    def get(self, category):
        """The number of a word. A new word gets a new number, if the vocabulary is not frozen."""
        if category not in self._mapping:
            if self._freeze:
                return 0
            self._mapping[category] = len(self._mapping)
            self._reverse_mapping.append(category)
        return self._mapping[category]

    def add(self, category, count=1):
        """Counts a word."""
        if self.get(category) > 0:
            self._freq[category] += count

    def trim(self, min_frequency, max_frequency=-1):
        """Keeps words that are more frequent than min_frequency. The most frequent come first."""
        by_name = sorted(self._freq.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        kept = [
            (category, count)
            for category, count in sorted(by_name, key=lambda item: item[1], reverse=True)
            if count > min_frequency and not 0 < max_frequency <= count
        ]
        self._reverse_mapping = [self._unknown_token, *(category for category, _ in kept)]
        self._mapping = {category: n for n, category in enumerate(self._reverse_mapping)}
        self._freq = collections.Counter(dict(kept))

    def reverse(self, class_id):
        """The word of a number."""
        if not self._support_reverse:
            raise ValueError(
                "This vocabulary wasn't initialized with support_reverse to support reverse() "
                "function."
            )
        return self._reverse_mapping[class_id]


class VocabularyProcessor:
    """Texts as rows of word numbers, cut or padded with 0 to one length."""

    def __init__(self, max_document_length, min_frequency=0, vocabulary=None, tokenizer_fn=None):
        self.max_document_length, self.min_frequency = max_document_length, min_frequency
        self.vocabulary_ = vocabulary or CategoricalVocabulary()
        self._tokenizer = tokenizer_fn or tokenizer

    def fit(self, raw_documents, unused_y=None):
        """Learns the vocabulary, and returns itself."""
        for tokens in self._tokenizer(raw_documents):
            for token in tokens:
                self.vocabulary_.add(token)
        if self.min_frequency > 0:
            self.vocabulary_.trim(self.min_frequency)
        self.vocabulary_.freeze()
        return self

    def transform(self, raw_documents):
        """Yields the row of each text."""
        for tokens in self._tokenizer(raw_documents):
            row = np.zeros(self.max_document_length, np.int64)
            for place, token in enumerate(itertools.islice(tokens, self.max_document_length)):
                row[place] = self.vocabulary_.get(token)
            yield row

    def fit_transform(self, raw_documents, unused_y=None):
        """`fit`, then `transform`."""
        return self.fit(raw_documents).transform(raw_documents)

    def reverse(self, documents):
        """Yields the text of each row."""
        for row in documents:
            yield " ".join(self.vocabulary_.reverse(number) for number in row)

    def save(self, filename):
        """Writes it to a file."""
        with tf.gfile.Open(filename, "wb") as file:
            file.write(pickle.dumps(self))

    @classmethod
    def restore(cls, filename):
        """Reads one from a file."""
        with tf.gfile.Open(filename, "rb") as file:
            return pickle.loads(file.read())


class ByteProcessor:
    """Texts as rows of bytes, cut or padded with 0 to one length."""

    def __init__(self, max_document_length):
        self.max_document_length = max_document_length

    def fit(self, x):
        """Does nothing: there is nothing to learn."""

    def transform(self, x):
        """Yields the row of each text."""
        for document in x:
            data = document.encode() if isinstance(document, str) else document
            row = np.frombuffer(data[: self.max_document_length], np.uint8)
            yield np.pad(row, (0, self.max_document_length - len(row)))

    fit_transform = transform

    def reverse(self, x):
        """Yields the text of each row."""
        for row in x:
            yield np.trim_zeros(row.astype(np.uint8), "b").tobytes().decode(errors="ignore")
