# SPDX-License-Identifier: MIT
"""pandas.py: frames and series, their indexes, groups, windows and times."""
import io

import numpy
import pandas

from kinds import keep, make

FRAME = pandas.DataFrame({"number": range(100), "real": numpy.arange(100.0),
                          "text": ["t%d" % (i % 7) for i in range(100)],
                          "time": pandas.date_range("2020-01-01", periods=100),
                          "held": [[i] for i in range(100)]})


def with_attributes(made):
    made.attrs["key"] = [1]
    return made


LINES = """
FRAME
FRAME.copy()
FRAME["number"]
FRAME["text"]
FRAME.number
FRAME[["number", "real"]]
FRAME[FRAME.number > 50]
FRAME.iloc[10:20]
FRAME.loc[5]
FRAME.iloc[0]
FRAME.T
FRAME.describe()
FRAME.groupby("text")
FRAME.groupby("text").sum(numeric_only=True)
FRAME.groupby("text").number.agg(["min", "max"])
[(key, group) for key, group in FRAME.groupby("text")]
FRAME.set_index("text")
FRAME.set_index(["text", "number"])
FRAME.set_index(["text", "number"]).index
FRAME.pivot_table(index="text", values="number")
FRAME.merge(FRAME, on="number")
FRAME.sort_values("text")
FRAME.rolling(3)
FRAME.number.rolling(3).mean()
FRAME.number.expanding()
FRAME.set_index("time").resample("M")
FRAME.set_index("time").resample("M").number.sum()
FRAME.itertuples()
next(FRAME.itertuples())
next(FRAME.iterrows())
FRAME.values
FRAME.to_dict("records")
FRAME.style
FRAME.text.str
FRAME.text.str.upper()
FRAME.time.dt
FRAME.text.astype("category")
FRAME.text.astype("category").cat
FRAME.number.astype("Int64")
FRAME.text.astype("string")
FRAME._mgr
FRAME._mgr.blocks
FRAME.index
FRAME.columns
FRAME.columns.get_loc("text")
FRAME.index.get_indexer([3, 4])
with_attributes(FRAME.head())
pandas.Series([1, 2, 3], name="series")
pandas.Series(["a", None, [1]])
pandas.Series([1.5, None])
pandas.Series(dtype=object)
pandas.Index([1, 2, 3])
pandas.Index(["a", "b"])
pandas.Index(["a", "b"]).get_loc("a")
pandas.RangeIndex(10)
pandas.MultiIndex.from_product([["a", "b"], [1, 2]])
pandas.MultiIndex.from_product([["a", "b"], [1, 2]]).get_loc(("a", 1))
pandas.CategoricalIndex(["a", "b", "a"])
pandas.IntervalIndex.from_breaks([0, 1, 2])
pandas.IntervalIndex.from_breaks([0, 1, 2]).get_loc(0.5)
pandas.DatetimeIndex(["2020-01-01", "2020-02-01"], tz="UTC")
pandas.PeriodIndex(["2020-01"], freq="M")
pandas.TimedeltaIndex(["1 days"])
pandas.Timestamp("2020-01-01 12:00", tz="UTC")
pandas.Timestamp("2020-01-01")
pandas.Timedelta(days=3)
pandas.Period("2020-01", freq="M")
pandas.Interval(0, 1)
pandas.NaT
pandas.NA
pandas.Categorical(["a", "b", "a"])
pandas.arrays.SparseArray([0, 0, 1])
pandas.arrays.IntegerArray(numpy.array([1, 2]), numpy.array([False, True]))
pandas.arrays.BooleanArray(numpy.array([True]), numpy.array([False]))
pandas.arrays.StringArray(numpy.array(["a", "b"], dtype=object))
pandas.array([1, None])
pandas.array(["a", None])
pandas.offsets.MonthEnd(3)
pandas.offsets.BusinessDay()
pandas.offsets.DateOffset(months=1)
pandas.offsets.Hour(3)
pandas.offsets.CustomBusinessDay(holidays=["2020-01-01"])
pandas.tseries.frequencies.to_offset("3H")
pandas.read_csv(io.StringIO("a,b\\n1,x\\n2,y\\n"))
pandas.read_csv(io.StringIO("a,b\\n1,x\\n2,y\\n"), chunksize=1)
pandas.read_json(io.StringIO('[{"a": 1}]'))
pandas.concat([FRAME, FRAME])
pandas.get_dummies(FRAME.text)
pandas.cut(FRAME.number, 3)
pandas.factorize(FRAME.text)
pandas.unique(FRAME.text)
pandas.CategoricalDtype(["a", "b"])
pandas.DatetimeTZDtype(tz="UTC")
pandas.PeriodDtype("M")
pandas.IntervalDtype("int64")
pandas.api.types.CategoricalDtype()
pandas._libs.hashtable.PyObjectHashTable()
pandas._libs.hashtable.Int64HashTable()
pandas._libs.hashtable.StringHashTable()
pandas._libs.hashtable.Factorizer(10)
pandas._libs.internals.BlockPlacement(slice(0, 3))
pandas._libs.tslibs.parsing
pandas.options.display
"""


def build():
    keep(FRAME)
    make(globals(), LINES)
