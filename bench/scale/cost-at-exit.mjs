// Imported before a command: at exit, writes the cost of the process to the file named by DUALSCOPE_COST.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env['DUALSCOPE_COST'];
if (isMainThread && file !== undefined) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const { maxRSS } = process.resourceUsage();
    writeFileSync(file, JSON.stringify({ cpuSeconds: (user + system) / 1e6, peakRssBytes: maxRSS * 1024 }));
  });
}
