import { config } from "zod";

// zod tries `new Function`, which the page's Content-Security-Policy refuses and reports. To be imported before any schema.
config({ jitless: true });
