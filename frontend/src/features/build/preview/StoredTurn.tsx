/** A question and its answer as they were stored; an agent's steps come from the trace. */
import { useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Message, RunDetail } from "@/shared/api/runTypes";
import { storedSteps } from "@/shared/sse/steps";
import { Answer } from "./Answer";
import { Question } from "./Question";
import { answerOfMessage } from "./answerModel";

export function StoredTurn({ message, agent }: { message: Message; agent: boolean }) {
  const trace = useQuery({
    queryKey: ["run", message.id],
    queryFn: () => api.get<RunDetail>(`/runs/${message.id}`),
    enabled: agent,
    staleTime: Infinity,
  });
  const steps = (trace.data?.nodes ?? []).flatMap(storedSteps);
  return (
    <>
      <Question text={message.query} files={message.files} />
      <Answer answer={answerOfMessage(message, steps)} />
    </>
  );
}
