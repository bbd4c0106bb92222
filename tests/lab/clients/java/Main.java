// Copyright (c) 2026, longlived.tcp contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.defaultsmode.DefaultsMode;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.lambda.LambdaAsyncClient;
import software.amazon.awssdk.services.lambda.LambdaClient;
import software.amazon.awssdk.services.lambda.model.InvokeRequest;
import software.amazon.awssdk.services.lambda.model.InvokeResponse;

/** One Invoke through the AWS SDK for Java 2; its outcome is one line of JSON. */
public final class Main {
    // Ample where many of these start at once; it is not what the lab measures.
    private static final Duration CONNECTION = Duration.ofSeconds(30);

    private static final List<String> CLOSED_BY_PEER = List.of(
            "reset", "broken pipe", "failed to respond", "connection was closed", "closed the connection", "unexpected end of file",
            "premature end", "premature eof", "only received");

    private static volatile long sent = System.nanoTime();

    /** Starts the clock where the SDK is done with all but the connection. */
    public static final class Clock implements ExecutionInterceptor {
        @Override
        public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
            sent = System.nanoTime();
        }
    }

    public static void main(String[] args) {
        System.setProperty("aws.configFile", "/dev/null");
        System.setProperty("aws.sharedCredentialsFile", "/dev/null");
        Map<String, String> options = options(args);
        boolean keepalive = options.containsKey("keepalive");
        if (keepalive && options.get("http").equals("url")) {
            say("unsupported", "UrlConnectionHttpClient has no option for TCP keepalive");
            return;
        }
        Duration timeout = Duration.ofNanos((long) (Double.parseDouble(options.get("read-timeout")) * 1e9));
        URI endpoint = URI.create(options.get("endpoint"));
        InvokeRequest request = InvokeRequest.builder()
                .functionName(options.get("function"))
                .invocationType("RequestResponse")
                .payload(SdkBytes.fromUtf8String("{}"))
                .build();
        try {
            InvokeResponse response = invoke(options.get("http"), endpoint, request, timeout, keepalive);
            String payload = response.payload().asUtf8String();
            int length = response.payload().asByteArrayUnsafe().length;
            int promised = response.sdkHttpResponse().firstMatchingHeader("Content-Length").map(Integer::parseInt).orElse(length);
            if (length < promised) { // UrlConnectionHttpClient takes a body that the peer cut short for the whole one
                say("reset", length + " of " + promised + " bytes");
            } else {
                say(response.functionError() == null ? "answer" : "error", response.statusCode() + " " + payload);
            }
        } catch (Exception e) {
            report(e);
        }
        System.exit(0); // Netty's threads would take two seconds to end
    }

    private static InvokeResponse invoke(String http, URI endpoint, InvokeRequest request, Duration timeout, boolean keepalive) {
        switch (http) {
            case "apache": {
                ApacheHttpClient.Builder client = ApacheHttpClient.builder()
                        .socketTimeout(timeout)
                        .connectionTimeout(CONNECTION)
                        .proxyConfiguration(software.amazon.awssdk.http.apache.ProxyConfiguration.builder()
                                .useSystemPropertyValues(false).useEnvironmentVariableValues(false).build());
                if (keepalive) {
                    client.tcpKeepAlive(true);
                }
                return isolated(LambdaClient.builder(), endpoint).httpClientBuilder(client).build().invoke(request);
            }
            case "netty": {
                NettyNioAsyncHttpClient.Builder client = NettyNioAsyncHttpClient.builder()
                        .readTimeout(timeout)
                        .connectionTimeout(CONNECTION)
                        .connectionAcquisitionTimeout(CONNECTION)
                        .proxyConfiguration(software.amazon.awssdk.http.nio.netty.ProxyConfiguration.builder()
                                .useSystemPropertyValues(false).useEnvironmentVariableValues(false).build());
                if (keepalive) {
                    client.tcpKeepAlive(true);
                }
                return isolated(LambdaAsyncClient.builder(), endpoint).httpClientBuilder(client).build().invoke(request).join();
            }
            case "url": {
                UrlConnectionHttpClient.Builder client = UrlConnectionHttpClient.builder()
                        .socketTimeout(timeout)
                        .connectionTimeout(CONNECTION)
                        .proxyConfiguration(software.amazon.awssdk.http.urlconnection.ProxyConfiguration.builder()
                                .useSystemPropertyValues(false).useEnvironmentVariablesValues(false).build());
                return isolated(LambdaClient.builder(), endpoint).httpClientBuilder(client).build().invoke(request);
            }
            default:
                throw new IllegalArgumentException("no HTTP client " + http);
        }
    }

    /** Nothing of the machine takes part, neither its ~/.aws nor its environment. */
    private static <B extends AwsClientBuilder<B, ?>> B isolated(B builder, URI endpoint) {
        return builder.endpointOverride(endpoint)
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret")))
                .defaultsMode(DefaultsMode.LEGACY)
                .overrideConfiguration(configuration -> configuration
                        .retryStrategy(AwsRetryStrategy.doNotRetry())
                        .addExecutionInterceptor(new Clock()));
    }

    private static Map<String, String> options(String[] args) {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i < args.length; i++) {
            String name = args[i].substring(2);
            options.put(name, name.equals("keepalive") ? "" : args[++i]);
        }
        if (!options.keySet().containsAll(Arrays.asList("http", "endpoint", "function", "read-timeout"))) {
            throw new IllegalArgumentException("--http, --endpoint, --function and --read-timeout are needed");
        }
        return options;
    }

    private static void report(Throwable error) {
        String outcome = "error";
        String detail = String.valueOf(error.getMessage());
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
            if (text.equals("read timed out") && cause instanceof SocketTimeoutException
                    || cause.getClass().getSimpleName().equals("ReadTimeoutException")) { // Netty's, in the SDK's wrapping
                outcome = "timeout";
            } else if (outcome.equals("error") && CLOSED_BY_PEER.stream().anyMatch(text::contains)) {
                outcome = "reset";
            }
            detail = cause.getClass().getSimpleName() + ": " + cause.getMessage();
        }
        say(outcome, detail);
    }

    private static void say(String outcome, String detail) {
        double seconds = (System.nanoTime() - sent) / 1e9;
        String text = detail.substring(0, Math.min(detail.length(), 200)).replaceAll("[\\p{Cntrl}]+", " ")
                .replace("\\", "\\\\").replace("\"", "\\\"");
        System.out.println(String.format(
                Locale.ROOT, "{\"outcome\": \"%s\", \"detail\": \"%s\", \"seconds\": %.3f}", outcome, text, seconds));
    }

    private Main() {}
}
