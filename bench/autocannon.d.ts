/**
 * Owns the types of autocannon as far as it is used: it comes without any.
 * Refuses to describe the rest.
 */

declare module "autocannon" {
  export default function autocannon(options: object): Promise<{
    readonly "2xx": number;
    readonly non2xx: number;
    readonly errors: number;
    /** Seconds. */
    readonly duration: number;
  }>;
}
