/**
 * Passes an engine on to the tests that need it. A missing one is said loudly at a desk, where the tests are then
 * skipped, and is an error in CI (`CI` set), where nobody reads what was skipped; but for engines that the CI knows it cannot have, and
 * names in BUCKETFERRY_TEST_WITHOUT, with commas between them.
 */
export function requireEngine<Engine>(name: string, found: Engine | undefined, howToGetIt: string): Engine | undefined {
  if (found !== undefined) return found;
  const message = `No ${name} here, so nothing is tested against it. ${howToGetIt}`;
  const without = (process.env["BUCKETFERRY_TEST_WITHOUT"] ?? "").split(",").map((one) => one.trim());
  if ((process.env["CI"] ?? "") !== "" && !without.includes(name)) throw new Error(message);
  process.stderr.write(`\n*** SKIPPED: ${message} ***\n\n`);
  return undefined;
}
