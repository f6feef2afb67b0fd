/** What both programs of the ledger benchmark do, and what they say on stdout as one line of JSON. */
export interface LedgerFigures {
  /** New objects. */
  readonly planned: StateRate;
  /** Read planned objects and record what became of them. */
  readonly recorded: StateRate;
  readonly bytesOnDisk: number;
}

interface StateRate {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** States of one transaction, in both programs. */
export const BATCH = 1_000;

export const SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
export const MD5 = "d41d8cd98f00b204e9800998ecf8427e";

export function keyAt(index: number): string {
  return `audio/${String(index).padStart(9, "0")}_0b3fa1c2-aaaa-bbbb-cccc-1234567890ab.mp3`;
}

export async function rateOf(count: number, work: () => Promise<void> | void): Promise<StateRate> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: count / seconds, perCpuSecond: count / ((user + system) / 1e6) };
}
