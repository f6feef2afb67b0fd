export interface RejectionWatch {
  readonly seen: readonly unknown[];
  stop(): void;
}

interface NodeEvents {
  on(event: "unhandledRejection", listener: (reason: unknown) => void): void;
  off(event: "unhandledRejection", listener: (reason: unknown) => void): void;
}

/** Collects rejections that nobody handles: by `process` where there is one, else by the web's global event. */
export function watchUnhandledRejections(): RejectionWatch {
  const seen: unknown[] = [];
  const process = (globalThis as { readonly process?: NodeEvents }).process;
  if (process !== undefined) {
    const listener = (reason: unknown) => void seen.push(reason);
    process.on("unhandledRejection", listener);
    return { seen, stop: () => process.off("unhandledRejection", listener) };
  }
  const target = globalThis as unknown as EventTarget;
  const listener = (event: Event) => void seen.push((event as Event & { readonly reason?: unknown }).reason);
  target.addEventListener("unhandledrejection", listener);
  return { seen, stop: () => target.removeEventListener("unhandledrejection", listener) };
}
