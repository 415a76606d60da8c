import { expect, test } from "vitest";
import { datesIn, timesIn } from "./dates.ts";

test.each([
  ["on 2026-03-12.", ["2026-03-12"]],
  ["2026/3/2 or 2026.03.04", ["2026-03-02", "2026-03-04"]],
  ["12/03/2026", ["2026-03-12", "2026-12-03"]],
  ["25/03/2026 and 03/25/2026", ["2026-03-25"]],
  ["12.03.26", ["2026-03-12", "2026-12-03"]],
  ["12 March 2026", ["2026-03-12"]],
  ["the 1st of May, 2026", ["2026-05-01"]],
  ["March 12th, 2026", ["2026-03-12"]],
  ["Sept. 3 2026, 3-Sep-26", ["2026-09-03"]],
  ["30 February 2026, 2026-13-01, 31/31/2026", []],
  ["tomorrow, Mar 12, 1234567-01-02-03, v1.2.2026.1", []],
  ["first 2 June 2026, then 1 June 2026", ["2026-06-02", "2026-06-01"]],
])("%s", (text, dates) => {
  expect(datesIn(text)).toEqual(dates);
});

test("times of day, in 12 hours and in 24", () => {
  expect(timesIn("at 14:30, 9:05:30, 2:30 pm, 12:15 a.m. but not 1:2:3:4")).toEqual(
    ["14:30:00", "09:05:30", "14:30:00", "00:15:00"].filter((time, index, all) => all.indexOf(time) === index),
  );
});
