// Copyright (c) 2026, longlived.tcp contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// One Invoke through the AWS SDK for Go 2; its outcome is one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

type report struct {
	Outcome string  `json:"outcome"`
	Detail  string  `json:"detail"`
	Seconds float64 `json:"seconds"`
}

func main() {
	endpoint := flag.String("endpoint", "", "URL of the service")
	function := flag.String("function", "", "name of the function")
	readTimeout := flag.Float64("read-timeout", 0, "seconds to wait for the answer")
	flag.Bool("keepalive", false, "nothing: the SDK's default has it on")
	keepaliveSeconds := flag.Float64("keepalive-seconds", 0, "seconds of silence before a probe, and between probes")
	flag.Parse()

	httpClient := awshttp.NewBuildableClient().
		WithReadTimeout(seconds(*readTimeout)).
		WithTransportOptions(func(transport *http.Transport) { transport.Proxy = nil })
	if *keepaliveSeconds > 0 {
		pinned := seconds(*keepaliveSeconds)
		httpClient = httpClient.WithDialerOptions(func(dialer *net.Dialer) {
			dialer.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: pinned, Interval: pinned}
		})
	}
	// New reads neither ~/.aws nor the environment, which is what config.LoadDefaultConfig is for.
	client := lambda.New(lambda.Options{
		BaseEndpoint: endpoint,
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
		HTTPClient: httpClient,
		Retryer:    aws.NopRetryer{},
	})

	sent := time.Now()
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { sent = time.Now() },
	})
	answer, err := client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName:   function,
		InvocationType: types.InvocationTypeRequestResponse,
		Payload:        []byte("{}"),
	})
	took := time.Since(sent).Seconds()

	var line report
	switch {
	case err != nil:
		line = report{outcome(err), err.Error(), took}
	case answer.FunctionError != nil:
		line = report{"error", fmt.Sprintf("%d %.200s", answer.StatusCode, answer.Payload), took}
	default:
		line = report{"answer", fmt.Sprintf("%d %.200s", answer.StatusCode, answer.Payload), took}
	}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		panic(err)
	}
}

func seconds(number float64) time.Duration {
	return time.Duration(number * float64(time.Second))
}

func outcome(err error) string {
	var own *awshttp.ResponseTimeoutError
	switch {
	case errors.As(err, &own):
		return "timeout"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "reset"
	default:
		return "error"
	}
}
