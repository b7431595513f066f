/// Makes of `run` a function that never has two of its calls under way: of the jobs that come in
/// the meantime only the newest is run afterwards. `run` has to handle its own errors.
export function newestOnly<Job>(run: (job: Job) => Promise<void>): (job: Job) => void {
  let waiting: { job: Job } | undefined;
  let running = false;
  async function work(): Promise<void> {
    running = true;
    while (waiting) {
      const { job } = waiting;
      waiting = undefined;
      await run(job);
    }
    running = false;
  }
  return (job) => {
    waiting = { job };
    if (!running) void work();
  };
}
