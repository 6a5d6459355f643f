/** What the workspace keeps of its runs: for how long, what is taken out before, and the end of an end user's data. */
import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import { Loaded } from "@/shared/ui/states";
import { useMay } from "@/shared/api/workspace";
import { EndUserErasure } from "./EndUserErasure";
import type { LogPolicy } from "./logPolicy";
import { RedactionRules } from "./RedactionRules";
import { RetentionDays } from "./RetentionDays";

export function Retention() {
  const may = useMay();
  const policy = useQuery({ queryKey: ["log-policy"], queryFn: () => api.get<LogPolicy>("/log-policy") });
  return (
    <Loaded query={policy}>
      {(loaded) => (
        <Stack>
          <RetentionDays policy={loaded} />
          <RedactionRules policy={loaded} />
          {may.administer && <EndUserErasure />}
        </Stack>
      )}
    </Loaded>
  );
}
