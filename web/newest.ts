/// Returns a function that runs one job at a time. Of the jobs that arrive during a run, only the
/// newest is run afterwards. `run` has to handle its own errors.
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
