/** Keeps the process alive until it is told to end, by Ctrl-C or a service manager. */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    // What watches files keeps no process alive.
    const alive = setInterval(() => {}, 60_000);
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
  });
}
