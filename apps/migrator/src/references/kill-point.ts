const passed = new Map<string, number>();

/**
 * A named place where a test ends this process the hardest way, to show that nothing is lost there.
 * `BUCKETFERRY_KILL_AT=name`, or `name#3` for the third time that it is passed.
 */
export function killPoint(name: string): void {
  const wanted = process.env["BUCKETFERRY_KILL_AT"];
  if (wanted === undefined) return;
  const [where, time = "1"] = wanted.split("#");
  if (where !== name) return;
  const times = (passed.get(name) ?? 0) + 1;
  passed.set(name, times);
  if (times === Number(time)) process.kill(process.pid, "SIGKILL");
}
