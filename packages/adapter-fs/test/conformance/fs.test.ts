import { conformanceTests } from "@bucketferry/storage-core/conformance/vitest";
import { fsHarness } from "./fs-harness.ts";

conformanceTests(fsHarness, { title: "the storage contract on a directory" });
