import type { ObjectRecord } from "@bucketferry/ledger";
import { withBoundedNewSpace } from "../process/bounded-new-space.ts";
import { joinedSignal } from "../process/joined-signal.ts";
import { pool } from "../transfer/pool.ts";
import type { CopyPorts } from "./copy-ports.ts";
import { routeCopier } from "./route-copier.ts";

/**
 * Copies objects as they come, at the pace of the throttle. Nothing is read ahead: a target that is slow, a ledger that is slow
 * and a budget that is used up all hold the lister back. Rejects with the first trouble that is not one object's own.
 */
export async function copyObjects(objects: AsyncIterable<ObjectRecord>, ports: CopyPorts): Promise<void> {
  const copiers = new Map(ports.routes.map((route) => [route.name, routeCopier(route, ports)]));
  await withBoundedNewSpace(() =>
    pool(objects, (object) => copiers.get(object.route)?.(object) ?? Promise.resolve(), {
      concurrency: () => ports.throttle.concurrency(),
      onChange: (listener) => ports.throttle.onChange(listener),
      drain: joinedSignal(ports.drain, ports.signal),
    }),
  );
}
