// The compiler of scripts/solc as a server on a socket: one connection, one standard JSON input, one output. What it costs
// to start and to warm up is paid once, and not again for each mutant.
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");
const net = require("node:net");

if (!isMainThread) {
  const solc = require(workerData);
  parentPort.on("message", (input) => parentPort.postMessage(solc.compile(input)));
} else {
  const [place, library] = process.argv.slice(2);
  // Optimising needs a deeper stack than Node's main thread has.
  const worker = new Worker(__filename, {
    workerData: library,
    resourceLimits: { stackSizeMb: 256, maxOldGenerationSizeMb: 8192 },
  });
  // One after the other: who has hung up meanwhile must not leave his answer to the next.
  let last = Promise.resolve();
  const answered = (input) =>
    new Promise((done) => {
      worker.once("message", done);
      worker.postMessage(input);
    });
  const server = net.createServer({ allowHalfOpen: true }, (connection) => {
    const parts = [];
    connection.on("data", (part) => parts.push(part));
    connection.on("error", () => connection.destroy());
    connection.on("end", () => {
      last = last.then(async () => {
        if (connection.destroyed) return;
        const output = await answered(Buffer.concat(parts).toString());
        connection.end(output);
      });
    });
  });
  worker.on("error", (error) => {
    throw error;
  });
  server.listen(place, () => process.stdout.write("listening\n"));
  process.stdin.on("end", () => process.exit(0)).resume(); // who has started it is gone
}
