package credentials

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecrpublic"
	"github.com/aws/smithy-go"
	"github.com/awslabs/amazon-ecr-credential-helper/ecr-login/api"

	"github.com/imageupdater/imageupdater/scanner/credentials/grant"
)

// publicRegion is where ECR Public gives its tokens, wherever it is asked for
// images.
const publicRegion = "us-east-1"

// ecrSource gets tokens of Amazon with the identity that the SDK finds. The
// helper itself would keep them in a file, and not tell when they expire.
func ecrSource(g *grant.Grant, env Environment) source {
	return source{
		timeout: askTimeout, patience: askAgainAfter,
		fetch: func(ctx context.Context) (login, time.Time, error) {
			at, err := api.ExtractRegistry(g.Host)
			if fits, _ := grant.ECR.Fits(g.Host); err != nil || !fits {
				return login{}, time.Time{}, problemf("this is no registry of Amazon")
			}
			token, expires, err := ecrToken(ctx, at, env)
			if err != nil {
				return login{}, time.Time{}, amazonProblem(err)
			}
			return readECRToken(token, expires)
		},
	}
}

func ecrToken(ctx context.Context, at *api.Registry, env Environment) (*string, *time.Time, error) {
	region := at.Region
	if at.Service == api.ServiceECRPublic {
		region = publicRegion
	}
	config, err := awsconfig.LoadDefaultConfig(ctx, awsOptions(region, at.FIPS, env)...)
	if err != nil {
		return nil, nil, err
	}
	if at.Service == api.ServiceECRPublic {
		answer, err := ecrpublic.NewFromConfig(config).GetAuthorizationToken(ctx, &ecrpublic.GetAuthorizationTokenInput{})
		if err != nil || answer.AuthorizationData == nil {
			return nil, nil, err
		}
		return answer.AuthorizationData.AuthorizationToken, answer.AuthorizationData.ExpiresAt, nil
	}
	// A token is good for each registry that its owner may read.
	answer, err := ecr.NewFromConfig(config).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil || len(answer.AuthorizationData) == 0 {
		return nil, nil, err
	}
	return answer.AuthorizationData[0].AuthorizationToken, answer.AuthorizationData[0].ExpiresAt, nil
}

func awsOptions(region string, fips bool, env Environment) []func(*awsconfig.LoadOptions) error {
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithRegion(region), awsconfig.WithRetryMaxAttempts(2)}
	if env.Getenv("AWS_CA_BUNDLE") == "" {
		// The SDK reads that variable itself, and only into a client of its own.
		options = append(options, awsconfig.WithHTTPClient(env.client()))
	}
	if fips {
		options = append(options, awsconfig.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	if env.Clouds.AWS != "" {
		options = append(options, awsconfig.WithBaseEndpoint(env.Clouds.AWS))
	}
	return options
}

// readECRToken takes the token apart: it is user:password in base64.
func readECRToken(token *string, expires *time.Time) (login, time.Time, error) {
	text, err := base64.StdEncoding.DecodeString(aws.ToString(token))
	user, password, found := strings.Cut(string(text), ":")
	if err != nil || !found || expires == nil {
		return login{}, time.Time{}, problemf("Amazon gave no token")
	}
	return login{username: user, password: hide(password)}, *expires, nil
}

// amazonProblem keeps the code of an error, and not its words.
func amazonProblem(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return problemf("Amazon did not answer in time")
	}
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		return problemf("Amazon refused a token: %.60s", refused.ErrorCode())
	}
	return problemf("there is no identity for Amazon here, or it could not be reached: set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role")
}
