/**
 * Prints the manifest of a Kubernetes Job that runs a Snakemake script in Dualscope's container.
 *
 *   job.mjs CPUS MEGABYTES MINUTES GPUS RULE SCRIPT
 */
const [cpus, megabytes, minutes, gpus, rule, script] = process.argv.slice(2);
const { DUALSCOPE_IMAGE: image, DUALSCOPE_CLAIM: claim, DUALSCOPE_MOUNT: mount = '/work' } = process.env;

if (!image || !claim) {
  process.stderr.write(
    'Set DUALSCOPE_IMAGE to the image to run and DUALSCOPE_CLAIM to the volume claim to work on.\n',
  );
  process.exit(2);
}

const size = { cpu: cpus, memory: `${megabytes}M` };
const labels = { 'app.kubernetes.io/name': 'dualscope', 'app.kubernetes.io/component': rule };
const job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { generateName: `dualscope-${rule}-`, labels },
  spec: {
    // Snakemake counts the attempts.
    backoffLimit: 0,
    activeDeadlineSeconds: Number(minutes) * 60,
    ttlSecondsAfterFinished: 86_400,
    template: {
      metadata: { labels },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        // Files belong to the user who started the run.
        securityContext: {
          runAsUser: process.getuid(),
          runAsGroup: process.getgid(),
          fsGroup: process.getgid(),
        },
        containers: [
          {
            name: rule,
            image,
            command: ['bash', script],
            workingDir: process.cwd(),
            // Cores are a request, so that idle ones may be used too. Memory has a limit.
            resources: {
              requests: size,
              limits: { memory: size.memory, ...(gpus === '0' ? {} : { 'nvidia.com/gpu': gpus }) },
            },
            env: [{ name: 'HOME', value: '/tmp' }],
            volumeMounts: [{ name: 'work', mountPath: mount }],
          },
        ],
        volumes: [{ name: 'work', persistentVolumeClaim: { claimName: claim } }],
      },
    },
  },
};
process.stdout.write(`${JSON.stringify(job, null, 2)}\n`);
