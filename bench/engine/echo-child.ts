// Says back what it is told: what a process of Node's own costs, with nothing of Pawl in between.
process.on("message", (message) => process.send?.(message));
process.on("disconnect", () => process.exit());
