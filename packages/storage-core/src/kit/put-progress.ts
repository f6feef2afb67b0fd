import type { PutOptions } from "../contract/provider.ts";

type OnProgress = NonNullable<PutOptions["onProgress"]>;

/**
 * One monotonic report out of several sources. The kit reports what a driver reads of a stream, a driver that sends
 * parts reports what the service has confirmed, and `finish` says the size at the end, also when it is zero.
 */
export interface PutProgress {
  /** For the driver: never goes back, whoever else reports. */
  readonly report: OnProgress;
  finish(sizeBytes: number): void;
}

export function putProgress(onProgress: OnProgress): PutProgress {
  let sent = -1;
  const report: OnProgress = ({ sentBytes, totalBytes }) => {
    if (sentBytes <= sent) return;
    sent = sentBytes;
    onProgress({ sentBytes, totalBytes });
  };
  return { report, finish: (sizeBytes) => report({ sentBytes: sizeBytes, totalBytes: sizeBytes }) };
}
