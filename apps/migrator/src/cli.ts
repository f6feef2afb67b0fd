#!/usr/bin/env node
import module from "node:module";

const REQUIRED_NODE = 24;
// Said by the one file that an older Node can read as well.
if (Number(process.versions.node.split(".")[0]) < REQUIRED_NODE) {
  process.stderr.write(`bucketferry needs Node.js ${REQUIRED_NODE} or later, and this is ${process.version}.\n`);
  process.exit(2);
}

// Most of a short command's time is compiling what was compiled the last time; NODE_DISABLE_COMPILE_CACHE=1 turns it off.
module.enableCompileCache();
await import("./main.ts");
