/** The kinds of resource that keep a program from ending, as Node names them: sockets, timers, open files. */
const HANDLES = /^(?:TCP|TLS|Timeout|Immediate|FS|FileHandle|StatWatcher|Worker|GetAddrInfo)/u;

interface Runtime {
  getActiveResourcesInfo?(): readonly string[];
  memoryUsage?(): { readonly rss: number };
}

const runtime = (globalThis as { readonly process?: Runtime }).process;

/** How many resources are open now; undefined where the runtime does not tell. https://nodejs.org/api/process.html#processgetactiveresourcesinfo */
export function activeResources(): number | undefined {
  return runtime?.getActiveResourcesInfo?.().filter((kind) => HANDLES.test(kind)).length;
}

/** Bytes of memory that the process holds; undefined where the runtime does not tell. */
export function residentBytes(): number | undefined {
  return runtime?.memoryUsage?.().rss;
}
