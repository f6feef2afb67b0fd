import { expect, it } from "vitest";
import { groupCommit } from "./group-commit.ts";

it("jobs that come at the same time share a transaction, in their order, and count when it is over", async () => {
  const transactions: number[][] = [];
  const gate = Promise.withResolvers<void>();
  const commit = groupCommit<number[]>(async (work) => {
    const done: number[] = [];
    work(done);
    await gate.promise;
    transactions.push(done);
  });
  const counted: number[] = [];
  const jobs = [1, 2, 3, 4].map((number) => commit((done) => void done.push(number)).then(() => counted.push(number)));
  await new Promise((resolve) => setImmediate(resolve));
  const late = [5, 6].map((number) => commit((done) => void done.push(number)));
  expect(counted).toEqual([]);
  gate.resolve();
  await Promise.all([...jobs, ...late]);
  expect(transactions).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ]);
  expect(counted).toEqual([1, 2, 3, 4]);
});

it("a transaction that fails is told to all who share it, and the next one is tried", async () => {
  let fails = true;
  const commit = groupCommit<undefined>(async (work) => {
    work(undefined);
    if (fails) throw new Error("disk full");
  });
  const shared = await Promise.allSettled([commit(() => undefined), commit(() => undefined)]);
  expect(shared).toMatchObject([{ reason: new Error("disk full") }, { reason: new Error("disk full") }]);
  fails = false;
  await expect(commit(() => undefined)).resolves.toBeUndefined();
});
