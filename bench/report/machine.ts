import { cpus, release, totalmem, type } from "node:os";

/** What figures depend on, for whoever compares them. */
export interface Machine {
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly rclone: string | undefined;
}

export function machine(rclone: string | undefined): Machine {
  const [cpu] = cpus();
  return {
    system: `${type()} ${release()}`,
    cpu: cpu?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    rclone,
  };
}

export function machineLine({ system, cpu, cores, memoryGiB, node, rclone }: Machine): string {
  return `${cores} cores (${cpu}), ${memoryGiB} GiB, ${system}, Node ${node}, ${rclone ?? "no rclone"}`;
}
